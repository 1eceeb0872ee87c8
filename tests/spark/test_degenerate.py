"""Libraries of which there is little to learn: a smaller model, or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from earwise.clustering.training import TrainingPlan, train
from earwise.errors import TooFewTracksError
from earwise.spark.features_source import StoreAddress
from earwise.store import Store
from earwise.store.model_runs import ModelRun, ModelStatus
from tests.spark.conftest import NOW, VERSION, add_track

RNG = np.random.default_rng(0)
SOUNDS = RNG.normal(5, 1, (40, 12))


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    return TrainingPlan(*("m1", "manual__1", VERSION, 2), model_folder=tmp_path / "m", k_min=2, k_max=4)


def few_sounds(tracks: int, sounds: int) -> np.ndarray:
    return SOUNDS[np.arange(tracks) % sounds]


def constant_but_one() -> np.ndarray:
    vectors = np.full((20, 12), 3.0)
    vectors[:, 4] = RNG.uniform(1, 2, 20)
    return vectors


@pytest.mark.parametrize(
    ("vectors", "clusters", "lists"),
    [
        (SOUNDS[:2], 2, {1}),
        pytest.param(SOUNDS[:3], 2, {2}, marks=pytest.mark.slow),
        # Copies of two recordings: each list holds the other one.
        pytest.param(few_sounds(20, 2), 2, {1}, marks=pytest.mark.slow),
        pytest.param(constant_but_one(), None, {19}, marks=pytest.mark.slow),
    ],
    ids=["two tracks", "three tracks", "two recordings", "one feature that varies"],
)
def test_library_of_little_variety_gets_the_model_that_it_can_have(
    spark: SparkSession,
    store: Store,
    address: StoreAddress,
    plan: TrainingPlan,
    vectors: np.ndarray,
    clusters: int | None,
    lists: set[int],
) -> None:
    track_ids = [add_track(store, number, vector) for number, vector in enumerate(vectors)]

    run = train(spark, address, plan, NOW)

    assert run.status is ModelStatus.CANDIDATE
    found = store.model_parts.clusters("m1")
    assert clusters is None or len(found) == clusters
    assert sum(cluster.size for cluster in found) == len(vectors)
    assert {len(store.model_parts.neighbours("m1", track_id)) for track_id in track_ids} == lists
    assert_finite(run)


def test_single_track_is_too_few(spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan) -> None:
    add_track(store, 1, SOUNDS[0])
    with pytest.raises(TooFewTracksError, match="1 tracks have features; a model needs at least 2"):
        train(spark, address, plan, NOW)


def assert_finite(run: ModelRun) -> None:
    figures = (run.quality.recall_at_10, run.quality.orphan_share, *run.distance_quantiles)
    assert all(figure is not None and np.isfinite(figure) for figure in figures)
    assert len(run.distance_quantiles) == 101
