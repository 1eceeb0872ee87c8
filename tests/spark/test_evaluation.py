"""What a night measures, and what ./run evaluate then finds of the same model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from earwise.clustering.publishing import publish_model, run_summary
from earwise.clustering.training import TrainingPlan, train
from earwise.errors import ModelNotFoundError
from earwise.evaluation.collection import collect_model
from earwise.evaluation.evaluate import judge_lists
from earwise.evaluation.folders import judge_folders, read_folders
from earwise.ranking.artefact import load_artefact
from earwise.spark.features_source import StoreAddress
from earwise.store import Store
from tests.spark.conftest import NOW, VERSION, add_groups


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    return TrainingPlan(*("m1", "manual__1", VERSION, 10), model_folder=tmp_path / "m", k_min=3, k_max=3)


def test_model_is_measured_and_measures_the_same_when_read_again(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=3, size=20)

    first = train(spark, address, plan, NOW)
    publish_model(store, "m1", NOW, keep=5, model_folder=plan.model_folder)
    second = train(spark, address, dataclasses.replace(plan, model_id="m2"), NOW)

    assert first.quality.recall_at_10 == 1
    assert first.quality.agreement is None
    assert second.quality.agreement == 1
    assert first.quality.genre_precision_at_10 == 1
    assert first.quality.coverage == 1
    assert store.model_runs.get("m2") == second
    assert run_summary(second)["quality"]["recall_at_10"] == 1
    collection = collect_model(store, plan.model_folder, "m1")
    figures = judge_lists(collection.metric, collection.catalogue, collection.ranking, collection.lists)
    assert dataclasses.asdict(figures).items() <= dataclasses.asdict(first.quality).items()
    folders = read_folders(store, collection.track_ids)
    assert set(folders) == {""}, "the files lie in the root itself"
    assert judge_folders(collection, folders, None).earwise.p1 is None


def test_lists_map_and_files_belong_together(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    groups = add_groups(store, groups=3, size=12)
    run = train(spark, address, plan, NOW)
    artefact = load_artefact(plan.model_folder, "m1")
    assert (artefact.model_id, artefact.feature_version) == ("m1", VERSION)
    assert run.distance_quantiles == pytest.approx(artefact.quantiles.tolist())
    track_id = next(iter(groups))
    assignment = store.model_parts.assignment("m1", track_id)
    vector = store.features.get(track_id, VERSION).vector[None]
    place = artefact.projection.place(artefact.metric, artefact.metric.profile(vector))
    assert assignment.place == pytest.approx(tuple(place[0]), abs=1e-4)
    assert assignment.surroundings[0] > 0 < assignment.surroundings[1]
    scaled = artefact.clusters.scale(vector)
    nearest = np.linalg.norm(artefact.clusters.centroids - scaled, axis=1).argmin()
    assert artefact.clusters.numbers[nearest] == assignment.cluster
    near = store.model_parts.neighbours("m1", track_id)[0]
    assert near.artist == store.tracks.get(near.track_id).tags.artist


def test_model_whose_files_are_gone_says_so(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan, tmp_path: Path
) -> None:
    add_groups(store, groups=3, size=10)
    train(spark, address, plan, NOW)
    with pytest.raises(ModelNotFoundError, match="files of model m1"):
        collect_model(store, tmp_path / "elsewhere", "m1")
    with pytest.raises(ModelNotFoundError, match="no complete model 'm9'"):
        collect_model(store, plan.model_folder, "m9")
