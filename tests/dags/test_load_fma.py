"""The whole DAG, from a server on this machine to tracks that extract_features hears."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from earwise.store.client import open_store_at
from tests.audio import write_tone
from tests.dags.running import run_dag, states
from tests.fma.conftest import ROWS, pack, pack_metadata, published
from tests.fma.server import ArchiveServer, serve

DATABASE = f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def runs(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """A set that comes over a bad line, one that comes damaged, and the extraction after that."""
    home = tmp_path_factory.mktemp("home")
    write_tone(home / "2.mp3", 2, duration_s=1.5)
    small = pack({"fma_small/000/000002.mp3": (home / "2.mp3").read_bytes()})
    state = ArchiveServer({"fma_small.zip": small, "fma_metadata.zip": pack_metadata(ROWS)})
    with serve(state) as server:
        variables = {
            "EARWISE_FMA_URL": server.url,
            "EARWISE_FMA_SHA1": published(server),
            "EARWISE_MONGO_URI": mongo_uri,
            "EARWISE_MONGO_DATABASE": DATABASE,
            "EARWISE_EXTRACT_PROCESSES": "1",
        }
        server.contents["fma_medium.zip"] = b"damaged"
        server.faults = ["", "drop:5000", "no-range"]
        loads = run_dag(home, "load_fma", [{"set": "small"}, {"set": "medium"}], variables)
    return [*loads, *run_dag(home, "extract_features", [{}], variables)]


def test_set_is_brought_and_published(runs: list[dict[str, Any]]) -> None:
    steps = ("bring_metadata", "read_catalogue", "bring_tracks", "publish")
    assert states(runs[0]) == dict.fromkeys(steps, "success")
    (event,) = runs[0]["events"]
    assert (event["asset"], event["extra"]["set"]) == ("fma_set", "small")


def test_damaged_set_fails_without_another_try_and_is_not_published(runs: list[dict[str, Any]]) -> None:
    assert runs[1]["state"] == "failed"
    assert states(runs[1])["bring_tracks"] == "failed"
    assert states(runs[1])["publish"] == "upstream_failed"
    assert runs[1]["events"] == []


def test_tracks_are_extracted_from_the_archive(runs: list[dict[str, Any]], mongo_uri: str) -> None:
    assert states(runs[2])["report"] == "success"
    with open_store_at(mongo_uri, DATABASE) as store:
        (track,) = store.tracks.page(limit=9).tracks
        assert (track.tags.title, track.files[0].location.root) == ("Food", "fma")
        assert {download.name: download.state for download in store.downloads.all()} == {
            "fma_metadata.zip": "ready",
            "fma_medium.zip": "failed",
            "fma_small.zip": "ready",
        }
