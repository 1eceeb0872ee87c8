"""A model's own files, its map and its quantiles."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from earwise.errors import ModelNotFoundError
from earwise.ranking.artefact import (
    Artefact,
    ClusterModel,
    find_artefact,
    load_artefact,
    prune_artefacts,
    save_artefact,
)
from earwise.ranking.fitting import fit_sound
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Ranking, queries_of, rank_neighbours
from earwise.ranking.preparation import TagNames, make_catalogue
from earwise.ranking.projection import Projection
from tests.unit.sounds import make_sounds, track_ids


def untagged(n: int) -> TagNames:
    return TagNames([""] * n, [""] * n)


def make_artefact(features: Matrix, model_id: str = "m1", before: Artefact | None = None) -> Artefact:
    _, fitted = fit_sound(features.copy(), track_ids(len(features)), untagged(len(features)), before)
    clusters = ClusterModel(
        features.min(axis=0).astype(float), features.max(axis=0).astype(float), (0, 2), ("Jazz", "Röck"), features[:2]
    )
    return Artefact(
        model_id,
        "v1",
        fitted.metric,
        fitted.reference,
        clusters,
        fitted.projection,
        fitted.reference_places,
        fitted.quantiles,
        most_per_artist=3,
    )


def test_artefact_ranks_as_the_model_that_wrote_it(tmp_path: Path) -> None:
    features = make_sounds(5, 20)
    written = make_artefact(features)
    save_artefact(tmp_path, written)
    read = load_artefact(tmp_path, "m1")
    assert (read.clusters.names, read.clusters.numbers, read.most_per_artist) == (("Jazz", "Röck"), (0, 2), 3)
    lists = []
    for artefact in (written, read):
        catalogue = make_catalogue(artefact.metric, artefact.reference, features, track_ids(100), untagged(100))
        found = rank_neighbours(artefact.metric, queries_of(catalogue, np.arange(100)), catalogue, Ranking(10))
        lists.append([(one.rows.tolist(), one.distances.tolist()) for one in found])
    assert lists[0] == lists[1]
    assert np.array_equal(read.quantiles, written.quantiles)


def test_files_hold_nothing_that_could_be_run(tmp_path: Path) -> None:
    folder = save_artefact(tmp_path, make_artefact(make_sounds(3, 5)))
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.npz"]
    with np.load(folder / "model.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind == "f" for name in arrays)


def test_saving_again_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for size in (5, 6):
        save_artefact(tmp_path, make_artefact(make_sounds(3, size)))
    assert len(load_artefact(tmp_path, "m1").reference.track_ids) == 18
    assert [path.name for path in tmp_path.iterdir()] == ["m1"]


def test_pruning_keeps_the_named_and_takes_what_a_killed_run_left(tmp_path: Path) -> None:
    for model_id in ("m1", "m2"):
        save_artefact(tmp_path, make_artefact(make_sounds(3, 5), model_id))
    (tmp_path / ".m3.77").mkdir()
    prune_artefacts(tmp_path, keep={"m2"})
    assert [path.name for path in tmp_path.iterdir()] == ["m2"]


@pytest.mark.parametrize("damage", ["absent", "cut", "form"])
def test_artefact_that_cannot_be_read_says_so(tmp_path: Path, damage: str) -> None:
    folder = save_artefact(tmp_path, make_artefact(make_sounds(3, 5)))
    text = folder / "model.json"
    if damage == "absent":
        text.unlink()
    elif damage == "cut":
        (folder / "model.npz").write_bytes((folder / "model.npz").read_bytes()[:100])
    else:
        text.write_text(json.dumps({**json.loads(text.read_text()), "form": 99}))
    with pytest.raises(ModelNotFoundError, match="m1"):
        load_artefact(tmp_path, "m1")
    assert find_artefact(tmp_path, "m1") is None


def test_features_beyond_the_bounds_are_limited_to_one_range_beyond() -> None:
    clusters = ClusterModel(np.float64([0, 5]), np.float64([10, 5]), (0,), ("a",), np.zeros((1, 2), np.float32))
    found = clusters.scale(np.float32([[5, 5], [-5, 9], [1e9, 0], [-1e9, 5]]))
    assert found.tolist() == [[0.5, 0.5], [-0.5, 0.5], [2.0, 0.5], [-1.0, 0.5]]


# --- the map ---


def places(artefact: Artefact, features: Matrix) -> Matrix:
    return artefact.projection.place(artefact.metric, artefact.metric.profile(features))


def test_map_stays_when_tracks_are_added() -> None:
    features = make_sounds(6, 30, apart=2)
    features = features[np.random.default_rng(0).permutation(180)]
    first = make_artefact(features[:150])
    second = make_artefact(features, "m2", before=first)
    before, after = places(first, features), places(second, features)
    moved = np.linalg.norm(before - after, axis=1).mean()
    assert moved < 0.25 * np.linalg.norm(before - before.mean(axis=0), axis=1).mean()


def test_mirrored_map_is_turned_back() -> None:
    features = make_sounds(6, 30, apart=2)
    first = make_artefact(features)
    angle = 2.0
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, -1])
    turned = Projection(first.projection.centre, first.projection.components @ rotation, np.float64([3, -2]))
    earlier = dataclasses.replace(
        first, projection=turned, reference_places=turned.place(first.metric, first.reference.profiles)
    )
    again = make_artefact(features, "m2", before=earlier)
    assert np.allclose(places(again, features), places(earlier, features), atol=1e-3)


def test_map_of_a_single_track_and_of_identical_ones_is_finite() -> None:
    for features in (make_sounds(1, 1), np.ones((5, 39), np.float32)):
        artefact = make_artefact(features)
        assert np.isfinite(places(artefact, features)).all()
        assert artefact.quantiles.shape == (101,)


def test_quantiles_rise_from_the_nearest_pair_to_the_farthest() -> None:
    quantiles = make_artefact(make_sounds(5, 20)).quantiles
    assert (np.diff(quantiles) >= 0).all()
    assert 0 <= quantiles[0] < 0.1
    assert 0.9 < quantiles[100] <= 1
