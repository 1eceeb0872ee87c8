"""Publishing: the gate, tracks that came meanwhile, rollback, and what a kill leaves."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from earwise.clustering.publishing import activate_model, judge_model, prune_models, publish_model
from earwise.errors import ModelNotFoundError
from earwise.ranking.artefact import SNAPSHOTS
from earwise.store import Store
from earwise.store.model_parts import ModelParts
from earwise.store.model_runs import ModelRuns, ModelStatus, Quality
from earwise.store.models import Models
from tests.models import NOW, add_tracks, track_id, write_model
from tests.unit.sounds import make_sounds

FEATURES = make_sounds(4, 10, apart=2)


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Path:
    """Files of a first model, served, and of a second one, a candidate that knows all but the last four tracks."""
    add_tracks(store, FEATURES, range(36))
    write_model(store, tmp_path, "m0", FEATURES, range(36))
    publish_model(store, "m0", NOW, keep=5, model_folder=tmp_path)
    write_model(store, tmp_path, "m1", FEATURES, range(36), day=1)
    return tmp_path


def note(store: Store, model_id: str, **changes: object) -> None:
    store.model_runs.put(dataclasses.replace(store.model_runs.get(model_id), **changes))


def test_worse_model_is_rejected_with_reasons_and_the_old_one_serves_on(store: Store, folder: Path) -> None:
    note(store, "m1", tracks=10)
    (reason,) = judge_model(store, "m1")
    run = store.model_runs.get("m1")
    assert (run.status, run.reasons) == (ModelStatus.REJECTED, (reason,))
    assert store.models.active_id() == "m0"


def test_first_model_and_the_served_one_itself_are_not_held_against_anything(store: Store, folder: Path) -> None:
    note(store, "m0", quality=Quality(recall_at_10=1.0))
    note(store, "m1", quality=Quality(recall_at_10=0.1))
    assert judge_model(store, "m0") == ()
    assert len(judge_model(store, "m1")) == 1
    store.model_parts.delete("m0")
    assert judge_model(store, "m1") == ()


def test_rejected_model_can_be_published_by_a_person(store: Store, folder: Path) -> None:
    note(store, "m1", tracks=10)
    judge_model(store, "m1")
    activate_model(store, "m1", NOW, model_folder=folder)
    assert store.models.active_id() == "m1"
    assert store.model_runs.get("m1").status is ModelStatus.ACTIVE


def test_publishing_brings_tracks_that_came_after_training(store: Store, folder: Path) -> None:
    add_tracks(store, FEATURES, range(36, 40))
    publish_model(store, "m1", NOW, keep=5, model_folder=folder)
    for number in range(40):
        active, placed = store.serving.find_placed(track_id(number))
        assert active.model_id == "m1"
        assert placed is not None
        assert placed.cluster is not None
        assert len(placed.neighbours) == 39


def test_tracks_that_come_while_the_pointer_flips_are_assigned_after_it(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate = Models.activate
    add_tracks(store, FEATURES, [36])

    def flip(*arguments: object) -> None:
        # Who reads the model from now on finds what came before.
        assert store.model_parts.assignment("m1", track_id(36)) is not None
        add_tracks(store, FEATURES, [37])
        activate(*arguments)

    monkeypatch.setattr(Models, "activate", flip)
    publish_model(store, "m1", NOW, keep=5, model_folder=folder)
    assert store.model_parts.assignment("m1", track_id(37)) is not None


def test_rollback_serves_the_older_model_with_today_tracks(store: Store, folder: Path) -> None:
    publish_model(store, "m1", NOW, keep=5, model_folder=folder)
    add_tracks(store, FEATURES, [36])
    activate_model(store, "m0", NOW, model_folder=folder)
    assert store.models.active_id() == "m0"
    assert store.model_parts.assignment("m0", track_id(36)) is not None
    with pytest.raises(ModelNotFoundError, match="unknown"):
        activate_model(store, "unknown", NOW, model_folder=folder)


def test_last_models_are_kept_with_files_and_snapshots(store: Store, folder: Path) -> None:
    for number in range(4):
        model_id = f"m{number}"
        if number > 1:
            write_model(store, folder, model_id, FEATURES, range(36), day=number)
        note(store, model_id, snapshot=f"s{number}")
        (folder / SNAPSHOTS / f"s{number}").mkdir(parents=True)
        publish_model(store, model_id, NOW, keep=2, model_folder=folder)
    assert store.model_parts.whole_ids() == {"m2", "m3"}
    assert {path.name for path in folder.iterdir()} == {"m2", "m3", SNAPSHOTS}
    assert {path.name for path in (folder / SNAPSHOTS).iterdir()} == {"s2", "s3"}


class Killed(BaseException):
    """What no handler catches."""


_STEPS = [
    (ModelParts, "add_neighbours"),
    (ModelParts, "put_assignments"),
    (ModelParts, "recount_clusters"),
    (Models, "activate"),
    (ModelRuns, "mark_active"),
    (Models, "prune"),
    (ModelParts, "delete"),
]


@pytest.mark.parametrize(("owner", "name"), _STEPS, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_kill_while_publishing_leaves_a_whole_model_and_the_retry_no_debris(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, is_after: bool
) -> None:
    add_tracks(store, FEATURES, [36])
    method = getattr(owner, name)

    def die(*arguments: object) -> None:
        if is_after:
            method(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(Killed):
            publish_model(store, "m1", NOW, keep=1, model_folder=folder)
    served = store.models.active_id()
    assert store.model_parts.is_whole(served)
    assert all(store.model_parts.assignment(served, track_id(number)) for number in range(36))

    publish_model(store, "m1", NOW, keep=1, model_folder=folder)
    store.models.discard_abandoned("m2")
    assert store.models.active_id() == "m1"
    statuses = {run.model_id: run.status for run in store.model_runs.recent(9)}
    assert statuses == {"m0": ModelStatus.RETIRED, "m1": ModelStatus.ACTIVE}
    assert [path.name for path in folder.iterdir()] == ["m1"]
    assert store.model_parts.assignment("m1", track_id(36)) is not None
    assert store.model_parts.neighbours("m0", track_id(0)) is None
    assert store.model_parts.assignment("m0", track_id(0)) is None


def sign_lists(store: Store, model_id: str) -> None:
    """Have every list tell whose it is, in place of the artists."""
    lists = {number: store.model_parts.neighbours(model_id, track_id(number)) for number in range(36)}
    signed = (
        (track_id(number), [dataclasses.replace(near, artist=model_id) for near in ranked])
        for number, ranked in lists.items()
    )
    store.model_parts.put_neighbours(model_id, signed)


@pytest.mark.parametrize("flips", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_readers_see_one_model_or_the_other_while_models_flip(store: Store, folder: Path, flips: int) -> None:
    stop = Event()
    newcomers = {f"Artist {number}" for number in range(36, 40)}
    for model_id in ("m0", "m1"):
        sign_lists(store, model_id)

    def read() -> tuple[list[object], set[str]]:
        seen, mixed, number = set(), [], 0
        while not stop.is_set():
            number = (number + 7) % 36
            active, placed = store.serving.find_placed(track_id(number))
            names = {cluster.name for cluster in active.clusters.values()}
            expected = {f"{active.model_id} left", f"{active.model_id} right"}
            signatures = {near.artist for near in placed.neighbours} - newcomers if placed else set()
            is_whole = placed is not None and placed.cluster is not None and len(placed.neighbours) >= 35
            if names != expected or signatures != {active.model_id} or not is_whole:
                mixed.append((active, placed))
            seen.add(active.model_id)
        return mixed, seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(1, flips + 1):
                if number > 1:
                    write_model(store, folder, f"m{number}", FEATURES, range(36), day=number)
                    sign_lists(store, f"m{number}")
                add_tracks(store, FEATURES, [36 + number % 4])
                publish_model(store, f"m{number}", NOW, keep=2, model_folder=folder)
        finally:
            stop.set()
    assert [reader.result()[0] for reader in readers] == [[], [], []]
    assert len(set().union(*(reader.result()[1] for reader in readers))) > 2


def test_pruning_again_removes_nothing(store: Store, folder: Path) -> None:
    assert prune_models(store, keep=5, model_folder=folder) == []
