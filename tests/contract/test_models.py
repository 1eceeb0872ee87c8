"""What every MongoDB-protocol server must do for models: readers see a whole one, or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import numpy as np
import pytest

from earwise.errors import ModelNotFoundError
from earwise.store import Store
from earwise.store.model_changes import Changes, Move
from earwise.store.model_parts import Assignment, Cluster, ModelParts
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.ranked_lists import Neighbour

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)
TRACKS = [f"t{number}" for number in range(6)]


def write(store: Store, model_id: str, day: int = 0, clusters: int = 2) -> None:
    """Write a whole model whose every document tells its id."""
    created = NOW + timedelta(days=day)
    trials = (KTrial(clusters, 0.25, 12.5, (3, 3), 0.5),)
    run = ModelRun(
        model_id, f"manual__{day}", "v1", ModelStatus.CANDIDATE, created, 1, len(TRACKS), clusters, trials, {"fit": 0.5}
    )
    store.model_runs.put(run)
    centroid = np.float32([0, 1])
    named = [Cluster(number, f"{model_id} {number}", 3, centroid) for number in range(clusters)]
    store.model_parts.put_clusters(model_id, named)
    store.model_parts.put_assignments(model_id, [Assignment(t, n % clusters, n / 10) for n, t in enumerate(TRACKS)])
    store.model_parts.put_neighbours(model_id, [(t, [Neighbour(f"{model_id}-near", 0.5, 0)]) for t in TRACKS])


def publish_nightly(store: Store, nights: int) -> None:
    """Write and activate a model a day: m0, m1 and so on."""
    for day in range(nights):
        write(store, f"m{day}", day)
        store.models.activate(f"m{day}", NOW + timedelta(days=day))


def test_run_comes_back_as_it_was_written(store: Store) -> None:
    write(store, "m", day=1)
    run = store.model_runs.get("m")
    assert run is not None
    assert run.trials == (KTrial(2, 0.25, 12.5, (3, 3), 0.5),)
    assert (run.created_at, run.seconds, run.tracks) == (NOW + timedelta(days=1), {"fit": 0.5}, 6)
    assert store.model_runs.of_dag_run("manual__1") == run
    assert store.model_runs.of_dag_run("manual__2") is None
    assert store.model_runs.get("unknown") is None


def test_clusters_members_and_neighbours_come_back_in_order(store: Store) -> None:
    write(store, "m")
    assert store.model_parts.clusters("m") == [Cluster(0, "m 0", 3), Cluster(1, "m 1", 3)]
    members = store.model_parts.cluster_members("m", 0, skip=1, limit=2)
    assert members == [Assignment("t2", 0, 0.2), Assignment("t4", 0, 0.4)]
    assert store.model_parts.assignment("m", "t3") == Assignment("t3", 1, 0.3)
    assert store.model_parts.neighbours("m", "t0") == [Neighbour("m-near", 0.5, 0)]
    assert store.model_parts.neighbours("m", "unknown") is None


def test_writing_a_model_again_changes_nothing(store: Store) -> None:
    write(store, "m")
    write(store, "m")
    assert len(store.model_parts.clusters("m")) == 2
    assert len(store.model_parts.cluster_members("m", 0, skip=0, limit=10)) == 3
    assert len(store.model_runs.recent(10)) == 1


def test_before_the_first_model_readers_are_told_so(store: Store) -> None:
    write(store, "m")
    assert store.models.active_id() is None
    with pytest.raises(ModelNotFoundError):
        store.models.require_active_id()


def test_run_of_the_model_that_readers_see_is_found_by_the_pointer(store: Store) -> None:
    assert store.models.active_run() is None
    for day in range(3):
        write(store, f"m{day}", day)
    store.models.activate("m0", NOW)
    assert store.models.active_run() == store.model_runs.get("m0")


def test_activating_retires_the_model_before(store: Store) -> None:
    for day, model_id in enumerate(("first", "second")):
        write(store, model_id, day)
        store.models.activate(model_id, NOW)
        assert store.models.require_active_id() == model_id
    statuses = {run.model_id: run.status for run in store.model_runs.recent(10)}
    assert statuses == {"first": ModelStatus.RETIRED, "second": ModelStatus.ACTIVE}


def test_activating_an_older_model_rolls_back(store: Store) -> None:
    for day, model_id in enumerate(("first", "second")):
        write(store, model_id, day)
        store.models.activate(model_id, NOW)
    store.models.activate("first", NOW)
    assert store.models.active_id() == "first"
    assert store.model_runs.get("first").status is ModelStatus.ACTIVE
    assert store.model_runs.get("second").status is ModelStatus.RETIRED


def test_activating_twice_is_as_once(store: Store) -> None:
    write(store, "m")
    store.models.activate("m", NOW)
    store.models.activate("m", NOW)
    assert store.models.active_id() == "m"
    assert store.model_runs.get("m").status is ModelStatus.ACTIVE


def test_model_that_is_unknown_or_pruned_is_not_activated(store: Store) -> None:
    write(store, "old")
    write(store, "new", day=1)
    store.models.activate("new", NOW)
    store.model_parts.delete("old")
    for model_id in ("old", "unknown"):
        with pytest.raises(ModelNotFoundError, match=model_id):
            store.models.activate(model_id, NOW)
    assert store.models.active_id() == "new"


def test_newest_runs_come_first(store: Store) -> None:
    for day in (1, 0, 2):
        write(store, f"m{day}", day)
    assert [run.model_id for run in store.model_runs.recent(2)] == ["m2", "m1"]


def test_pruning_keeps_the_newest_and_every_run_record(store: Store) -> None:
    for day in range(4):
        write(store, f"m{day}", day)
    store.models.activate("m3", NOW)
    assert set(store.models.prune(keep=2)) == {"m0", "m1"}
    assert [bool(store.model_parts.clusters(f"m{day}")) for day in range(4)] == [False, False, True, True]
    assert store.model_parts.neighbours("m0", "t0") is None
    assert store.model_parts.assignment("m1", "t0") is None
    assert len(store.model_runs.recent(10)) == 4
    assert store.models.prune(keep=2) == []


def test_pruning_never_takes_the_active_model(store: Store) -> None:
    for day in range(3):
        write(store, f"m{day}", day)
    store.models.activate("m0", NOW)
    assert store.models.prune(keep=1) == ["m1"]
    assert store.model_parts.neighbours("m0", "t0") is not None


def test_rejected_models_take_no_place_of_one_to_go_back_to(store: Store) -> None:
    write(store, "before")
    store.models.activate("before", NOW)
    for day in range(1, 5):
        write(store, f"rejected{day}", day)
        store.model_runs.mark_rejected(f"rejected{day}", ["fewer tracks"])
        store.models.prune(keep=2)
    write(store, "after", 5)
    store.models.activate("after", NOW + timedelta(days=5))
    assert store.models.prune(keep=2) == []
    assert store.model_parts.whole_ids() == {"before", "rejected4", "after"}


def test_model_that_was_gone_back_to_stays_before_newer_ones(store: Store) -> None:
    publish_nightly(store, 3)
    store.models.activate("m0", NOW + timedelta(days=3))
    write(store, "m4", 4)
    store.models.activate("m4", NOW + timedelta(days=4))
    assert set(store.models.prune(keep=2)) == {"m1", "m2"}
    assert store.model_parts.whole_ids() == {"m0", "m4"}


def test_model_activated_while_others_are_pruned_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_nightly(store, 4)
    delete = ModelParts.delete

    def delete_slowly(parts: ModelParts, model_id: str) -> None:
        delete(parts, model_id)
        store.models.activate("m0", NOW)

    monkeypatch.setattr(ModelParts, "delete", delete_slowly)
    assert store.models.prune(keep=2) == ["m1"]
    assert store.model_parts.is_whole("m0")


def test_model_that_is_being_pruned_is_not_activated(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_nightly(store, 3)
    delete = ModelParts.delete

    def activate_first(parts: ModelParts, model_id: str) -> None:
        with pytest.raises(ModelNotFoundError, match="being deleted"):
            store.models.activate(model_id, NOW)
        delete(parts, model_id)

    monkeypatch.setattr(ModelParts, "delete", activate_first)
    assert store.models.prune(keep=2) == ["m0"]
    assert store.models.active_id() == "m2"
    assert store.model_runs.get("m2").status is ModelStatus.ACTIVE
    write(store, "m0")
    store.models.activate("m0", NOW)
    assert store.models.active_id() == "m0"


def test_claim_of_a_pruning_that_was_killed_ends_with_the_next_training(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def die(parts: ModelParts, model_id: str) -> None:
        raise KilledError

    publish_nightly(store, 3)
    with monkeypatch.context() as patch:
        patch.setattr(ModelParts, "delete", die)
        with pytest.raises(KilledError):
            store.models.prune(keep=2)
    with pytest.raises(ModelNotFoundError, match="being deleted"):
        store.models.activate("m0", NOW)
    store.models.discard_abandoned("m3")
    store.models.activate("m0", NOW)
    assert store.models.active_id() == "m0"


def test_models_are_pruned_before_the_first_is_published(store: Store) -> None:
    for day in range(3):
        write(store, f"m{day}", day)
    assert store.models.prune(keep=2) == ["m1", "m0"]


def test_kept_models_are_in_the_overview_however_old(store: Store) -> None:
    for day in range(5):
        write(store, f"m{day}", day)
    for model_id in ("m1", "m3"):
        store.model_parts.delete(model_id)
    assert [run.model_id for run in store.models.overview(2)] == ["m4", "m3", "m2", "m0"]
    assert store.model_parts.whole_among(["m0", "m1", "m4"]) == {"m0", "m4"}


def test_run_that_was_killed_is_marked_and_leaves_nothing(store: Store) -> None:
    for day in range(3):
        write(store, f"m{day}", day)
        store.model_runs.put(dataclasses.replace(store.model_runs.get(f"m{day}"), status=ModelStatus.TRAINING))
    write(store, "whole")
    assert set(store.models.discard_abandoned("m2")) == {"m0", "m1"}
    statuses = [store.model_runs.get(model_id).status for model_id in ("m0", "m1", "m2", "whole")]
    assert statuses == [ModelStatus.FAILED, ModelStatus.FAILED, ModelStatus.TRAINING, ModelStatus.CANDIDATE]
    kept = [model_id for model_id in ("m0", "m1", "m2", "whole") if store.model_parts.neighbours(model_id, "t0")]
    assert kept == ["m2", "whole"]


def test_run_that_was_killed_between_its_clusters_leaves_no_model_that_seems_whole(store: Store) -> None:
    def clusters() -> Iterator[Cluster]:
        yield Cluster(0, "First", 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.model_parts.put_clusters("m", clusters())
    assert not store.model_parts.is_whole("m")


def test_what_a_killed_deletion_left_goes_with_the_next_run(store: Store) -> None:
    write(store, "kept")
    store.model_parts.put_assignments("half", [Assignment("t0", 0, 0.1)])
    store.model_parts.put_neighbours("half", [("t0", [Neighbour("t1", 0.5, 0)])])
    store.model_parts.put_assignments("own", [Assignment("t0", 0, 0.1)])
    assert store.models.discard_abandoned("own") == []
    assert store.model_parts.assignment("half", "t0") is None
    assert store.model_parts.neighbours("half", "t0") is None
    assert store.model_parts.assignment("own", "t0") is not None
    assert store.model_parts.neighbours("kept", "t0") is not None


def test_clusters_of_tracks_are_read_in_order_of_id(store: Store) -> None:
    write(store, "m")
    write(store, "m2", clusters=1)
    assert list(store.model_parts.read_clusters_of_tracks("m")) == [(t, n % 2) for n, t in enumerate(TRACKS)]


def test_rejected_run_says_why_and_what_it_changed(store: Store) -> None:
    write(store, "m")
    changes = Changes("old", 3, 2, 1, 0, (Move("A", "B", 0, 1, 2),), (("A", "C"),), ("D",), ())
    store.model_runs.put(dataclasses.replace(store.model_runs.get("m"), changes=changes, snapshot="s"))
    store.model_runs.mark_rejected("m", ["fewer tracks"])
    run = store.model_runs.get("m")
    assert (run.status, run.reasons) == (ModelStatus.REJECTED, ("fewer tracks",))
    assert (run.changes, run.snapshot) == (changes, "s")


def test_dag_run_that_trained_twice_made_the_later_model(store: Store) -> None:
    write(store, "first")
    run = store.model_runs.get("first")
    later = dataclasses.replace(run, model_id="again", created_at=NOW + timedelta(hours=1))
    store.model_runs.put(later)
    assert store.model_runs.of_dag_run("manual__0") == later


def test_readers_see_one_whole_model_while_models_flip(store: Store) -> None:
    write(store, "m0")
    store.models.activate("m0", NOW)
    stop = Event()

    def read() -> tuple[int, set[str]]:
        seen, broken = set(), 0
        while not stop.is_set():
            model_id = store.models.require_active_id()
            names = {cluster.name for cluster in store.model_parts.clusters(model_id)}
            near = store.model_parts.neighbours(model_id, "t5")
            broken += names != {f"{model_id} 0", f"{model_id} 1"} or near != [Neighbour(f"{model_id}-near", 0.5, 0)]
            seen.add(model_id)
        return broken, seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for day in range(1, 16):
                write(store, f"m{day}", day)
                store.models.activate(f"m{day}", NOW)
                # A reader that asked for the id just before the flip still finds the model before: two are kept.
                store.models.prune(keep=3)
        finally:
            stop.set()
    assert [reader.result()[0] for reader in readers] == [0, 0, 0]
    assert len(set().union(*(reader.result()[1] for reader in readers))) > 3
