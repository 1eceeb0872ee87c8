"""``./run evaluate`` on a model that is in the store."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from earwise.bench import bliss
from earwise.cli import evaluate
from earwise.cli.__main__ import main
from earwise.errors import ModelNotFoundError
from earwise.evaluation.collection import collect_model
from earwise.settings import Settings
from earwise.store import Store
from tests.models import NOW, add_tracks, write_model
from tests.unit.sounds import make_sounds

TRACKS = 90


@pytest.fixture
def home(store: Store, tmp_path: Path, mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose store has a published model of ninety tracks in nine groups of sound."""
    features = make_sounds(9, 10, apart=3)
    add_tracks(store, features, range(TRACKS))
    write_model(store, tmp_path / "models", "m1", features, range(TRACKS))
    store.models.activate("m1", NOW)
    for name, value in (("HOME", tmp_path), ("MONGO_URI", mongo_uri), ("MONGO_DATABASE", database_name)):
        monkeypatch.setenv(f"EARWISE_{name}", str(value))
    return tmp_path


def test_served_model_is_measured_as_its_lists_stand_in_the_store(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bliss, "bench_python", lambda say: None)
    assert main(["evaluate", "--labels", "folder", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tracks"] == TRACKS
    assert document["recall_at_10"] == 1
    assert document["genre_precision_at_10"] is None, "no track has a genre"
    assert document["same_folder"]["bliss"] is None
    assert main(["evaluate", "--model", "m1"]) == 0
    assert main(["evaluate", "--model", "m7"]) == 2
    assert "no complete model 'm7'" in capsys.readouterr().err


def test_lists_that_lost_their_nearest_show_it_in_the_recall(home: Path, store: Store) -> None:
    for track_id, _ in list(store.model_parts.read_lists("m1")):
        ranked = store.model_parts.neighbours("m1", track_id)
        store.model_parts.put_neighbours("m1", [(track_id, ranked[2:])])
    evaluation = evaluate.evaluate_model(Settings.from_env(), "m1", with_folders=False)
    assert evaluation.lists.recall_at_10 == pytest.approx(0.8)


def test_lists_are_read_in_order_of_track_and_of_rank(home: Path, store: Store) -> None:
    lists = dict(store.model_parts.read_lists("m1"))
    assert list(lists) == sorted(lists)
    assert len(lists) == TRACKS
    some = list(lists)[3:5]
    assert dict(store.model_parts.read_lists("m1", some)) == {track_id: lists[track_id] for track_id in some}
    near = store.model_parts.neighbours("m1", some[0])
    assert lists[some[0]] == [one.track_id for one in near]


def test_model_without_parts_is_none(home: Path, store: Store) -> None:
    store.model_runs.put(dataclasses.replace(store.model_runs.get("m1"), model_id="m2"))
    with pytest.raises(ModelNotFoundError, match="no complete model 'm2'"):
        collect_model(store, home / "models", "m2")
