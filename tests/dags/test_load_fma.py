"""The whole DAG, from a server on this machine to a root that extract_features hears."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from earwise.store.client import open_store_at
from tests.audio import write_tone
from tests.dags.running import run_dag, states
from tests.fma.conftest import ROWS, pack, pack_metadata, published
from tests.fma.server import ArchiveServer, serve

pytestmark = pytest.mark.slow
DATABASE = f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def variables(mongo_uri: str) -> dict[str, str]:
    return {
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": DATABASE,
        "EARWISE_EXTRACT_PROCESSES": "1",
    }


@pytest.fixture(scope="module")
def runs(home: Path, variables: dict[str, str]) -> list[dict[str, Any]]:
    """A set that comes over a bad line, and one that comes damaged."""
    write_tone(home / "2.mp3", 2, duration_s=1.5)
    small = pack({"fma_small/000/000002.mp3": (home / "2.mp3").read_bytes()})
    state = ArchiveServer({"fma_small.zip": small, "fma_metadata.zip": pack_metadata(ROWS)})
    with serve(state) as server:
        of_the_server = {"EARWISE_FMA_URL": server.url, "EARWISE_FMA_SHA1": published(server)}
        server.contents["fma_medium.zip"] = b"damaged"
        server.faults = ["", "drop:5000", "no-range"]
        return run_dag(home, "load_fma", [{"set": "small"}, {"set": "medium"}], variables | of_the_server)


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


def test_downloads_are_told_of(runs: list[dict[str, Any]], mongo_uri: str) -> None:
    with open_store_at(mongo_uri, DATABASE) as store:
        assert {download.name: download.state for download in store.downloads.all()} == {
            "fma_metadata.zip": "ready",
            "fma_medium.zip": "failed",
            "fma_small.zip": "ready",
        }


def test_tracks_are_extracted_from_the_archive(
    runs: list[dict[str, Any]], home: Path, variables: dict[str, str], mongo_uri: str
) -> None:
    (run,) = run_dag(home, "extract_features", [{}], variables)
    assert states(run)["report"] == "success"
    with open_store_at(mongo_uri, DATABASE) as store:
        (track,) = store.tracks.some(9)
        assert (track.tags.title, track.files[0].location.root) == ("Food", "fma")
