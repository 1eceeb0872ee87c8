"""Tracks that came after training: their place in a model, and the lists that they enter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from earwise.clustering import assigning
from earwise.clustering.assigning import assign_tracks
from earwise.errors import ModelNotFoundError
from earwise.ranking.artefact import Artefact
from earwise.store import Store
from earwise.store.maps import Maps
from earwise.store.model_parts import ModelParts
from tests.models import add_tracks, rank_together, track_id, write_model
from tests.unit.sounds import make_sounds

FEATURES = make_sounds(6, 12, apart=2)
OLD, NEW = range(66), range(66, 72)


@pytest.fixture
def artefact(store: Store, tmp_path: Path) -> Artefact:
    add_tracks(store, FEATURES, OLD)
    return write_model(store, tmp_path, "m", FEATURES, OLD, list_length=20)


def read(store: Store, number: int) -> list[str]:
    return [near.track_id for near in store.model_parts.neighbours("m", track_id(number)) or []]


def test_new_tracks_get_and_enter_the_lists_that_ranking_everything_gives(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigning, "_BATCH", 4)
    add_tracks(store, FEATURES, NEW)
    assert assign_tracks(store, tmp_path, "m", list_length=20) == 6
    expected = rank_together(artefact, FEATURES, 20)
    assert [read(store, number) for number in range(72)] == expected


def test_new_tracks_get_cluster_place_and_surroundings(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    add_tracks(store, FEATURES, NEW)
    assign_tracks(store, tmp_path, "m")
    scaled = artefact.clusters.scale(FEATURES[70:71])
    found = store.model_parts.assignment("m", track_id(70))
    distances = np.linalg.norm(scaled - artefact.clusters.centroids, axis=1)
    assert (found.cluster, found.distance) == (distances.argmin(), pytest.approx(distances.min()))
    assert found.surroundings[0] > 0
    assert found.surroundings[1] > 0
    assert found.place != (0, 0)
    counted = {cluster.number: cluster.size for cluster in store.model_parts.clusters("m")}
    clusters = [cluster for _, cluster in store.model_parts.read_clusters_of_tracks("m")]
    assert counted == {0: clusters.count(0), 1: clusters.count(1)}
    assert sum(counted.values()) == 72
    assert store.maps.find("m").sizes == counted


def test_nothing_new_writes_nothing(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign_tracks(store, tmp_path, "m")
    for method in ("add_neighbours", "put_assignments", "recount_clusters"):
        monkeypatch.setattr(ModelParts, method, None)
    monkeypatch.setattr(Maps, "put", None)
    assert assign_tracks(store, tmp_path, "m") == 0


def test_track_without_features_of_the_models_version_waits(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    add_tracks(store, FEATURES, [66])
    store.client[store.tracks._tracks.database.name]["features"].delete_many({"audio_id": track_id(66)})
    assert assign_tracks(store, tmp_path, "m") == 0


def test_sound_beyond_everything_known_is_assigned_too(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    extreme = FEATURES.copy()
    extreme[66] *= 1e6
    add_tracks(store, extreme, [66])
    assert assign_tracks(store, tmp_path, "m") == 1
    assert np.isfinite(store.model_parts.assignment("m", track_id(66)).distance)
    assert len(read(store, 66)) == 50


def test_copy_of_a_known_recording_enters_no_list_beside_it(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    copied = FEATURES.copy()
    copied[66] = copied[0]
    add_tracks(store, copied, [66])
    assign_tracks(store, tmp_path, "m")
    for number in OLD:
        assert not {track_id(0), track_id(66)} <= set(read(store, number))
    assert track_id(0) not in read(store, 66)
    assert track_id(66) not in read(store, 0)


def test_every_copy_of_a_recording_has_the_new_track_in_its_list(store: Store, tmp_path: Path) -> None:
    copied = FEATURES.copy()
    copied[1] = copied[0]
    add_tracks(store, copied, OLD)
    write_model(store, tmp_path, "m", copied, OLD)
    copied[66] = copied[0] * np.float32(1.01)
    add_tracks(store, copied, [66])
    assign_tracks(store, tmp_path, "m")
    assert [read(store, number)[0] for number in (0, 1)] == [track_id(66)] * 2


def test_tracks_that_come_during_a_pass_are_assigned_by_it_or_by_the_next(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tracks(store, FEATURES, [66])
    load = assigning.load_artefact

    def load_late(*arguments):
        add_tracks(store, FEATURES, [67])
        return load(*arguments)

    monkeypatch.setattr(assigning, "load_artefact", load_late)
    assert assign_tracks(store, tmp_path, "m") == 2
    assert {track_id(66), track_id(67)} <= {found for found, _ in store.model_parts.read_clusters_of_tracks("m")}


def test_model_of_tracks_that_are_all_gone_takes_new_ones(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    store.client[store.tracks._tracks.database.name]["tracks"].delete_many({})
    add_tracks(store, FEATURES, NEW)
    assert assign_tracks(store, tmp_path, "m") == 6
    assert len(read(store, 66)) == 5


def test_artist_is_capped_in_lists_that_a_track_enters(store: Store, tmp_path: Path) -> None:
    add_tracks(store, FEATURES, OLD)
    write_model(store, tmp_path, "m", FEATURES, OLD, list_length=20, most_per_artist=1)
    add_tracks(store, FEATURES, NEW, artist="Prolific")
    assign_tracks(store, tmp_path, "m", list_length=20)
    prolific = {track_id(number) for number in NEW}
    shares = [len(prolific & set(read(store, number))) for number in OLD]
    assert max(shares) == 1


@pytest.mark.parametrize("killed_at", (1, 2, 4, 6))
def test_pass_that_was_killed_anywhere_is_finished_by_the_next(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    monkeypatch.setattr(assigning, "_BATCH", 3)
    add_tracks(store, FEATURES, NEW)
    writes = 0

    def die(method):
        def call(*arguments):
            nonlocal writes
            writes += 1
            if writes == killed_at:
                raise KeyboardInterrupt
            return method(*arguments)

        return call

    with monkeypatch.context() as patch:
        for name in ("add_neighbours", "replace_lists", "put_assignments"):
            patch.setattr(ModelParts, name, die(getattr(ModelParts, name)))
        with pytest.raises(KeyboardInterrupt):
            assign_tracks(store, tmp_path, "m", list_length=20)
    assign_tracks(store, tmp_path, "m", list_length=20)
    assert [read(store, number) for number in range(72)] == rank_together(artefact, FEATURES, 20)
    assert {found for found, _ in store.model_parts.read_clusters_of_tracks("m")} == {track_id(n) for n in range(72)}


@pytest.mark.parametrize(("owner", "name"), [(ModelParts, "recount_clusters"), (Maps, "put")])
def test_pass_that_was_killed_after_its_assignments_is_counted_and_drawn_by_the_next(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    add_tracks(store, FEATURES, NEW)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(KeyboardInterrupt):
            assign_tracks(store, tmp_path, "m")
    assert assign_tracks(store, tmp_path, "m") == 0
    counted = {cluster.number: cluster.size for cluster in store.model_parts.clusters("m")}
    assert sum(counted.values()) == 72
    assert store.maps.find("m").sizes == counted


@pytest.mark.parametrize("method", ["add_neighbours", "lists_of", "replace_lists", "put_assignments"])
def test_pass_that_another_overtakes_loses_nothing(
    store: Store, tmp_path: Path, artefact: Artefact, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    add_tracks(store, FEATURES, range(66, 69))
    first = getattr(ModelParts, method)

    def overtaken(*arguments):
        read = first(*arguments) if method == "lists_of" else None
        monkeypatch.setattr(ModelParts, method, first)
        add_tracks(store, FEATURES, range(69, 72))
        assign_tracks(store, tmp_path, "m", list_length=20)
        return read if method == "lists_of" else first(*arguments)

    monkeypatch.setattr(ModelParts, method, overtaken)
    assign_tracks(store, tmp_path, "m", list_length=20)
    assert [read(store, number) for number in range(72)] == rank_together(artefact, FEATURES, 20)


def test_passes_at_once_lose_nothing(store: Store, tmp_path: Path, artefact: Artefact) -> None:
    def add_and_assign(number: int) -> None:
        add_tracks(store, FEATURES, [number])
        assign_tracks(store, tmp_path, "m", list_length=20)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add_and_assign, NEW))
    assert store.maps.find("m").tracks == sum(cluster.size for cluster in store.model_parts.clusters("m")) == 72
    assert [read(store, number) for number in range(72)] == rank_together(artefact, FEATURES, 20)
    assert {found for found, _ in store.model_parts.read_clusters_of_tracks("m")} == {track_id(n) for n in range(72)}


def test_model_whose_files_are_gone_says_so(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        assign_tracks(store, tmp_path, "unknown")
