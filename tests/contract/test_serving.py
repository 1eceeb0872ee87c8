"""What every MongoDB-protocol server must do for the pages that read the active model."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from earwise.errors import ModelNotFoundError
from earwise.store import Store
from earwise.store.model_parts import Assignment, Cluster
from earwise.store.model_runs import ModelRun, ModelStatus
from earwise.store.ranked_lists import Neighbour
from earwise.store.serving import Placement
from tests.web.seeding import seed_model, seed_tracks

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)


def publish(store: Store, model_id: str, clusters: int = 3) -> None:
    store.model_runs.put(ModelRun(model_id, "dag", "v1", ModelStatus.CANDIDATE, NOW, seed=1, tracks=12, k=clusters))
    store.model_parts.put_clusters(model_id, [Cluster(number, f"{model_id} {number}", 4) for number in range(clusters)])
    tracks = [Assignment(f"t{n}", n % clusters, distance=1 - n / 100) for n in range(12)]
    store.model_parts.put_assignments(model_id, tracks)
    store.model_parts.put_neighbours(model_id, [("t1", [Neighbour("t4", 0.25, 1), Neighbour("t2", 0.5, 2)])])
    store.models.activate(model_id, NOW)


def test_active_model_comes_with_its_own_clusters_only(store: Store) -> None:
    assert store.serving.find_active() is None
    publish(store, "old", clusters=2)
    publish(store, "new", clusters=3)
    active = store.serving.require_active()
    assert active.model_id == "new"
    assert [cluster.name for cluster in active.clusters.values()] == ["new 0", "new 1", "new 2"]


def test_requiring_a_model_before_the_first_says_so(store: Store) -> None:
    with pytest.raises(ModelNotFoundError):
        store.serving.require_active()


def test_placement_holds_cluster_and_ranked_neighbours(store: Store) -> None:
    assert store.serving.find_placed("t1") == (None, None)
    publish(store, "m")
    active, placement = store.serving.find_placed("t1")
    assert active == store.serving.find_active()
    assert placement == Placement(1, (Neighbour("t4", 0.25, 1), Neighbour("t2", 0.5, 2)))
    assert store.serving.find_placed("unknown") == (active, None)


def test_after_a_flip_every_reader_sees_the_new_model_with_its_own_clusters(store: Store) -> None:
    publish(store, "old", clusters=2)
    readers = (
        lambda: store.serving.find_active(),
        lambda: store.serving.require_mapped()[0],
        lambda: store.serving.find_placed("t1")[0],
    )
    for number, read in enumerate(readers):
        assert len(read().clusters) == 2 + number
        publish(store, f"new {number}", clusters=3 + number)
        found = read()
        assert (found.model_id, len(found.clusters)) == (f"new {number}", 3 + number)


def test_sizes_of_clusters_are_read_anew_after_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(store, "m")
    assert store.serving.require_active().clusters[0].size == 4
    store.model_parts.put_clusters("m", [Cluster(number, f"m {number}", 5) for number in range(3)])
    later = time.monotonic() + 11
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert store.serving.require_active().clusters[0].size == 5


def test_surroundings_are_the_lists_of_tracks_and_of_their_neighbours(store: Store) -> None:
    tracks = seed_tracks(store, 20)
    seed_model(store, tracks, neighbours=3)
    model_id, found = store.serving.find_surroundings([tracks[0], tracks[1], tracks[10]])
    assert model_id == "model-1"
    assert set(found) == {tracks[number] for number in (0, 1, 2, 3, 4, 10, 11, 12, 13)}
    assert found == store.serving.find_lists(found)


def test_members_of_a_cluster_come_the_most_typical_first(store: Store) -> None:
    with pytest.raises(ModelNotFoundError):
        store.serving.find_members(0)
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    found = store.serving.find_members(1)
    assert found is not None
    cluster, members = found
    assert (cluster.name, cluster.size) == ("Bright piano", 4)
    assert members == tracks[1::3]
    assert store.serving.find_members(9) is None


def test_lists_of_a_model_of_before_there_were_columns_are_served_and_changed(store: Store, database_name: str) -> None:
    publish(store, "m")
    near = (Neighbour("t4", 0.25, 1, "Ann"), Neighbour("t2", 0.5, 2, "Ben"))
    entries = [asdict(one) | {"title": "A title", "duration_s": 60.0} for one in near]
    written = {"_id": "m:t1", "model_id": "m", "track_id": "t1", "neighbours": entries}
    store.client[database_name]["neighbours"].replace_one({"_id": "m:t1"}, written)
    _, placement = store.serving.find_placed("t1")
    assert placement is not None
    assert placement.neighbours == near
    assert store.serving.find_lists(["t1"]) == {"t1": near}
    assert store.serving.find_surroundings(["t1"]) == ("m", {"t1": near})
    assert store.serving.find_places("m", "t1", limit=2) == [(0.0, 0.0)] * 3
    assert dict(store.model_parts.read_lists("m")) == {"t1": ["t4", "t2"]}
    (present,) = store.model_parts.lists_of("m", ["t1"])
    assert store.model_parts.replace_lists("m", [replace(present, neighbours=near[:1])])
    assert store.model_parts.neighbours("m", "t1") == [near[0]]
