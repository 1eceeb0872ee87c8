"""The whole DAG on the real store: files in, tracks and an asset event out, and nothing done twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from earwise.features.config import MfccConfig
from earwise.store import Store
from earwise.store.client import open_store_at
from tests.audio import write_tone
from tests.dags.running import run_dag, states

DATABASE = f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    for number, name in enumerate(("a.mp3", "b.flac", "c.ogg")):
        write_tone(folder / name, number)
    (folder / "text.mp3").write_text("words")
    return folder


@pytest.fixture(scope="module")
def runs(library: Path, mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Four runs one after the other: on a new library, on the same, with quarantined files tried again, and on one
    file by force."""
    variables = {
        "EARWISE_LIBRARY": str(library),
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": DATABASE,
        "EARWISE_EXTRACT_PROCESSES": "1",
    }
    configurations: list[dict[str, Any]] = [{}, {}, {"retry_quarantined": True}]
    configurations.append({"root": "music", "only_path": "b.flac", "force": True})
    return run_dag(tmp_path_factory.mktemp("home"), "extract_features", configurations, variables)


@pytest.fixture
def extracted(runs: list[dict[str, Any]], mongo_uri: str) -> Iterator[Store]:
    """The store as the runs left it."""
    with open_store_at(mongo_uri, DATABASE) as store:
        yield store


def test_new_library_is_scanned_planned_extracted_and_reported(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["state"] == "success"
    done = dict.fromkeys(("scan", "plan", "extract[0]", "close", "report"), "success")
    assert states(runs[0]) == {**done, "assign": "skipped"}  # there is no model yet


def test_batch_has_a_name_that_people_read(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["tasks"]["extract[0]"]["name"] == "batch 1 of 1 · 4 files"


def test_asset_event_carries_the_counts(runs: list[dict[str, Any]]) -> None:
    (event,) = runs[0]["events"]
    assert event["asset"] == "track_features"
    counts = {name: event["extra"][name] for name in ("analysed", "decoded", "failures", "left", "ready")}
    assert counts == {"analysed": 3, "decoded": 3, "failures": {"not_audio": 1}, "left": 0, "ready": 3}


def test_tracks_features_and_quarantine_stand_in_the_store(extracted: Store) -> None:
    assert extracted.features.count(MfccConfig().feature_version) == 3
    assert sorted(track.tags.title for track in extracted.tracks.some(9)) == ["a", "b", "c"]
    assert extracted.quarantine.count_by_code() == {"not_audio": 1}


def test_run_is_recorded_under_the_id_of_the_dag_run(runs: list[dict[str, Any]], extracted: Store) -> None:
    run = extracted.extraction_runs.get(runs[0]["run_id"])
    assert run is not None
    assert (run.planned, run.done, run.decoded) == (4, 4, 3)
    assert run.finished_at is not None
    assert run.finished_at > run.began_at > run.started_at


def test_unchanged_library_skips_the_rest_and_announces_nothing(runs: list[dict[str, Any]], extracted: Store) -> None:
    assert runs[1]["state"] == "success"
    skipped = states(runs[1])
    assert (skipped["scan"], skipped["plan"]) == ("success", "success")
    assert set(skipped.values()) == {"success", "skipped"}
    assert "success" not in {skipped[task_id] for task_id in skipped if task_id.startswith(("extract", "report"))}
    assert runs[1]["events"] == []
    assert extracted.extraction_runs.get(runs[1]["run_id"]) is None


def test_retry_without_success_announces_nothing(runs: list[dict[str, Any]], extracted: Store) -> None:
    assert states(runs[2])["extract[0]"] == "success"
    assert states(runs[2])["report"] == "skipped"
    assert runs[2]["events"] == []
    (file,) = extracted.quarantine.recent(limit=9)
    assert file.attempts == 2


@pytest.mark.slow
def test_failed_scan_is_the_one_red_task(mongo_uri: str, tmp_path: Path) -> None:
    variables = {
        "EARWISE_LIBRARY": str(tmp_path / "absent"),
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": f"{DATABASE}_absent",
    }
    (run,) = run_dag(tmp_path, "extract_features", [{}], variables)
    assert run["state"] == "failed"
    failed = states(run)
    assert failed.pop("scan") == "failed"
    assert set(failed.values()) == {"upstream_failed"}
    assert "report" in failed


@pytest.mark.slow
def test_failed_batch_still_closes_the_run(mongo_uri: str, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    write_tone(library / "a.wav", 1)
    database = f"{DATABASE}_broken"
    variables = {
        "EARWISE_LIBRARY": str(library),
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": database,
        "PYTHONPATH": str(_broken_librosa(tmp_path)),
    }
    (run,) = run_dag(tmp_path, "extract_features", [{}], variables)
    failed = states(run)
    assert (failed["plan"], failed["extract[0]"], failed["report"]) == ("success", "failed", "failed")
    assert (run["state"], failed["assign"]) == ("failed", "skipped"), "only for want of a model"
    with open_store_at(mongo_uri, database) as store:
        ended = store.extraction_runs.get(run["run_id"])
    assert ended is not None
    assert (ended.planned, ended.done) == (1, 0)
    assert ended.finished_at is not None


def _broken_librosa(folder: Path) -> Path:
    """A folder whose librosa can't be imported, so that no worker starts."""
    (folder / "broken").mkdir()
    (folder / "broken" / "librosa.py").write_text("raise RuntimeError('broken')\n")
    return folder / "broken"


def test_one_file_can_be_done_again_by_force(runs: list[dict[str, Any]]) -> None:
    assert runs[3]["tasks"]["extract[0]"]["name"] == "batch 1 of 1 · 1 files"
    (event,) = runs[3]["events"]
    assert {name: event["extra"][name] for name in ("analysed", "decoded", "left", "ready")} == {
        "analysed": 1,
        "decoded": 0,
        "left": 0,
        "ready": 3,
    }
