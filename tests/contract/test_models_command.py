"""`./run models` on a store that an address names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earwise.cli.__main__ import main
from earwise.clustering.publishing import judge_model, publish_model
from earwise.store import Store
from tests.models import NOW, add_tracks, write_model
from tests.unit.sounds import make_sounds

FEATURES = make_sounds(2, 10)


@pytest.fixture(autouse=True)
def _library(store: Store, mongo_uri: str, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOME": str(tmp_path), "MONGO_URI": mongo_uri, "MONGO_DATABASE": database_name}.items():
        monkeypatch.setenv(f"EARWISE_{name}", value)
    add_tracks(store, FEATURES, range(20))
    write_model(store, tmp_path / "models", "m0", FEATURES, range(20))
    publish_model(store, "m0", NOW, keep=5, model_folder=tmp_path / "models")
    write_model(store, tmp_path / "models", "m1", FEATURES, range(10), day=1)
    judge_model(store, "m1")


def listed(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, bool, bool]]:
    entries = json.loads(capsys.readouterr().out)["models"]
    return [(entry["model_id"], entry["status"], entry["active"], entry["kept"]) for entry in entries]


def test_models_are_listed_and_activated_at_once(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    assert listed(capsys) == [("m1", "rejected", False, True), ("m0", "active", True, True)]
    assert main(["models", "--json", "activate", "m1"]) == 0
    assert listed(capsys) == [("m1", "active", True, True), ("m0", "retired", False, True)]
    assert store.models.active_id() == "m1"
    assert len(dict(store.model_parts.read_clusters_of_tracks("m1"))) == 20
    assert main(["models", "activate", "m0"]) == 0
    assert store.models.active_id() == "m0"


def test_people_read_lines_with_figures_and_reasons(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.model_parts.delete("m1")
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "* m0" in printed
    assert "rejected, pruned" in printed
    assert "    It knows 10 tracks, fewer than 90% of the 20 before." in printed


def test_model_that_is_not_kept_is_a_sentence_and_a_status(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "activate", "unknown"]) == 2
    assert capsys.readouterr().err == "There is no complete model 'unknown' to activate.\n"
    assert store.models.active_id() == "m0"


def test_models_alone_says_when_there_are_none(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.client.drop_database(store.tracks._tracks.database.name)
    assert main(["models"]) == 0
    assert "Nothing has been trained yet" in capsys.readouterr().out
