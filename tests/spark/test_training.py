"""One training run on a real session and a real store."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.feature import MinMaxScalerModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

from earwise.clustering.publishing import check_enough_tracks, free_model_id, model_id_of, publish_model
from earwise.clustering.snapshot import snapshot_name
from earwise.clustering.training import TrainingPlan, train
from earwise.errors import ModelInUseError, ModelNotFoundError, TooFewTracksError, TrainingDataError
from earwise.ranking.artefact import PIPELINE, SNAPSHOTS, find_artefact, load_artefact, prune_snapshots
from earwise.spark.features_source import StoreAddress
from earwise.spark.paths import folder_to_read
from earwise.store import Store
from earwise.store.model_parts import ModelParts
from earwise.store.model_runs import KTrial, ModelStatus
from tests.spark.conftest import NOW, VERSION, add_groups, add_track


@pytest.fixture
def plan(tmp_path: Path) -> TrainingPlan:
    # Spark and its file system read more into some names of folders than people do.
    folder = tmp_path / "a hömé %41 [b] {c}"
    return TrainingPlan(*("m1", "manual__1", VERSION, 10), model_folder=folder, k_min=3, k_max=3)


@pytest.fixture(autouse=True)
def _no_folder_beside(tmp_path: Path, plan: TrainingPlan) -> Iterator[None]:
    yield
    assert set(tmp_path.iterdir()) <= {plan.model_folder}


def test_well_separated_groups_become_the_clusters(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    groups = add_groups(store, groups=4, size=15)

    run = train(spark, address, dataclasses.replace(plan, k_max=5), NOW)

    assert run.k == 4
    assert run.status is ModelStatus.CANDIDATE
    assert store.model_runs.get("m1") == run
    assert [trial.k for trial in run.trials] == [3, 4, 5]
    assert all(-1 <= trial.silhouette <= 1 and trial.training_cost > 0 for trial in run.trials)
    assert all(sum(trial.sizes) == 60 for trial in run.trials)
    clusters = store.model_parts.clusters("m1")
    assert sorted(cluster.name for cluster in clusters) == ["Genre 0", "Genre 1", "Genre 2", "Genre 3"]
    for cluster in clusters:
        members = store.model_parts.cluster_members("m1", cluster.number, skip=0, limit=100)
        assert len({groups[member.track_id] for member in members}) == 1
        assert len(members) == cluster.size == 15


def test_pipeline_of_spark_is_kept_beside_the_artefact(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=4, size=15)
    train(spark, address, plan, NOW)
    artefact = load_artefact(plan.model_folder, "m1")
    loaded = PipelineModel.load(folder_to_read(plan.model_folder / "m1" / PIPELINE))
    assert type(loaded.stages[0]) is MinMaxScalerModel
    found = list(store.features.of_version(VERSION))
    raw = spark.createDataFrame([(one.audio_id, Vectors.dense(one.vector)) for one in found], ["track_id", "raw"])
    placed = loaded.transform(raw).select("track_id", "cluster", "scaled").collect()
    centres = loaded.stages[1].clusterCenters()
    for row in placed:
        assert centres[row.cluster] == pytest.approx(
            artefact.clusters.centroids[_number(store, row.track_id)], abs=1e-6
        )


def _number(store: Store, track_id: str) -> int:
    return store.model_parts.assignment("m1", track_id).cluster


def test_neighbours_are_ranked_of_the_same_group_and_never_the_track_itself(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    groups = add_groups(store, groups=3, size=12)
    train(spark, address, dataclasses.replace(plan, neighbours=11), NOW)
    for track_id, group in groups.items():
        ranked = store.model_parts.neighbours("m1", track_id)
        assert len(ranked) == 11
        assert {groups[near.track_id] for near in ranked} == {group}
        assert track_id not in {near.track_id for near in ranked}
        assert [near.distance for near in ranked] == sorted(near.distance for near in ranked)
        assert {near.cluster for near in ranked} == {store.model_parts.assignment("m1", track_id).cluster}


@pytest.mark.slow
def test_same_seed_gives_the_same_model(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    rng = np.random.default_rng(3)
    for number in range(80):
        add_track(store, number, rng.normal(size=12))
    plan = dataclasses.replace(plan, k_max=4)
    first = train(spark, address, plan, NOW)
    second = train(spark, address, dataclasses.replace(plan, model_id="m2"), NOW)
    for before, after in zip(first.trials, second.trials, strict=True):
        assert (before.k, before.sizes) == (after.k, after.sizes)
        # Partial sums arrive in the order in which tasks end, so the last digits may differ.
        assert before.training_cost == pytest.approx(after.training_cost, rel=1e-12)
        assert before.silhouette == pytest.approx(after.silhouette, rel=1e-9)


def test_readers_see_nothing_before_publishing(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=2, size=10)
    train(spark, address, plan, NOW)
    with pytest.raises(ModelNotFoundError):
        store.models.require_active_id()
    publish_model(store, "m1", NOW, keep=5, model_folder=plan.model_folder)
    assert store.models.require_active_id() == "m1"
    with pytest.raises(ModelInUseError, match="being served"):
        train(spark, address, plan, NOW)


def test_too_few_tracks_say_how_many_are_needed(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=1, size=9)
    with pytest.raises(TooFewTracksError, match="9 tracks have features; a model needs at least 10"):
        train(spark, address, plan, NOW)


def test_tracks_without_features_and_features_without_tracks_are_not_enough(store: Store) -> None:
    add_groups(store, groups=1, size=12)
    for number, track_id in enumerate(list(store.tracks.ready_ids())[:6]):
        add_track(store, 100 + number, np.ones(12), version="mfcc-old")
        (file,) = store.tracks.get(track_id).files
        store.tracks.remove_file(track_id, file.location, NOW)
    with pytest.raises(TooFewTracksError, match="6 tracks have been analysed so far; training starts at 10"):
        check_enough_tracks(store, VERSION, 10)
    assert check_enough_tracks(store, VERSION, 6) == 12


@pytest.mark.parametrize("constant", [0.0, pytest.param(7.0, marks=pytest.mark.slow)])
def test_identical_tracks_end_in_a_clear_message(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan, constant: float
) -> None:
    for number in range(12):
        add_track(store, number, np.full(12, constant))
    with pytest.raises(TrainingDataError, match="sound the same"):
        train(spark, address, plan, NOW)
    run = store.model_runs.get("m1")
    assert run.status is ModelStatus.FAILED
    assert "sound the same" in run.reasons[0]
    assert free_model_id(store, "any") == model_id_of("any")


def test_a_retry_replaces_what_the_attempt_before_left(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=3, size=10)
    train(spark, address, dataclasses.replace(plan, k_min=5, k_max=5), NOW)
    train(spark, address, dataclasses.replace(plan, k_min=3, k_max=3), NOW)
    assert [cluster.number for cluster in store.model_parts.clusters("m1")] == [0, 1, 2]


@pytest.mark.slow
def test_retry_trains_on_the_snapshot_and_the_next_dag_run_on_a_new_one(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=3, size=10)
    first = train(spark, address, plan, NOW)
    add_track(store, 500, np.zeros(12))
    assert train(spark, address, plan, NOW).tracks == first.tracks == 30
    later = train(spark, address, dataclasses.replace(plan, model_id="m2", dag_run_id="manual__2"), NOW)
    assert later.tracks == 31
    prune_snapshots(plan.model_folder, keep=[later.snapshot])
    assert [path.name for path in (plan.model_folder / SNAPSHOTS).iterdir()] == [later.snapshot]


@pytest.mark.slow
def test_snapshot_that_was_not_finished_is_written_again(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=3, size=10)
    unfinished = plan.model_folder / SNAPSHOTS / snapshot_name(plan.dag_run_id, VERSION)
    unfinished.mkdir(parents=True)
    (unfinished / "part-00000.parquet").write_bytes(b"half")
    assert train(spark, address, plan, NOW).tracks == 30


def test_clusters_keep_numbers_and_names_from_night_to_night(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=4, size=15)
    plan = dataclasses.replace(plan, k_min=4, k_max=4)
    publish_model(store, train(spark, address, plan, NOW).model_id, NOW, keep=5, model_folder=plan.model_folder)
    before = {cluster.number: cluster.name for cluster in store.model_parts.clusters("m1")}
    newcomers = [add_track(store, 500 + n, np.arange(12.0) + n / 9, genre="Polka") for n in range(12)]

    tonight = dataclasses.replace(plan, model_id="m2", dag_run_id="manual__2", seed=5, k_min=5, k_max=5)
    run = train(spark, address, tonight, NOW)

    after = {cluster.number: cluster.name for cluster in store.model_parts.clusters("m2")}
    assert after == {**before, 4: "Polka"}
    kept = dict(store.model_parts.read_clusters_of_tracks("m1"))
    assert dict(store.model_parts.read_clusters_of_tracks("m2")) == {**kept, **dict.fromkeys(newcomers, 4)}
    assert (run.changes.model_id, run.changes.stayed, run.changes.moved, run.changes.new) == ("m1", 60, 0, 12)
    assert run.changes.appeared == ("Polka",)
    assert find_artefact(plan.model_folder, "m2").clusters.numbers == (0, 1, 2, 3, 4)


@pytest.mark.slow
@pytest.mark.parametrize(("nights", "k"), [((1, 2), 4), ((1,), 3), ((1, 3), 4)])
def test_k_changes_where_earlier_nights_preferred_another_too(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan, nights: tuple[int, ...], k: int
) -> None:
    add_groups(store, groups=4, size=15)
    present = train(spark, address, plan, NOW)
    publish_model(store, "m1", NOW, keep=5, model_folder=plan.model_folder)
    for night in nights:
        trials = (dataclasses.replace(present.trials[0], silhouette=0.3), KTrial(4, 0.9, 1.0, (15,) * 4, 0.1))
        created = NOW + timedelta(days=night)
        store.model_runs.put(
            dataclasses.replace(present, model_id=f"night-{night}", created_at=created, trials=trials, k=3)
        )
    tonight = dataclasses.replace(plan, model_id="m2", dag_run_id="manual__2", k_max=4)
    assert train(spark, address, tonight, NOW + timedelta(days=4)).k == k


@pytest.mark.slow
def test_present_k_stays_although_fifty_models_were_rejected_since(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan
) -> None:
    add_groups(store, groups=4, size=15)
    present = train(spark, address, plan, NOW)
    publish_model(store, "m1", NOW, keep=5, model_folder=plan.model_folder)
    for number in range(50):
        store.model_runs.put(
            dataclasses.replace(
                present,
                model_id=f"rejected-{number}",
                status=ModelStatus.REJECTED,
                created_at=NOW + timedelta(minutes=number + 1),
            )
        )

    run = train(spark, address, dataclasses.replace(plan, model_id="m2", k_max=4), NOW + timedelta(hours=2))

    silhouettes = {trial.k: trial.silhouette for trial in run.trials}
    assert silhouettes[4] > silhouettes[3]
    assert run.k == present.k == 3


class Killed(BaseException):
    """What no handler catches, as if the process had ended."""


@pytest.mark.slow
def test_run_that_was_killed_before_its_last_write_is_served_never_and_gone_after_the_next(
    spark: SparkSession, store: Store, address: StoreAddress, plan: TrainingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_groups(store, groups=3, size=10)

    def die(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ModelParts, "put_clusters", die)
        with pytest.raises(Killed):
            train(spark, address, plan, NOW)
    assert store.model_parts.assignment("m1", next(store.tracks.ready_ids())) is not None
    with pytest.raises(ModelNotFoundError):
        store.models.activate("m1", NOW)

    train(spark, address, dataclasses.replace(plan, model_id="m2", dag_run_id="manual__2"), NOW)
    publish_model(store, "m2", NOW, keep=5, model_folder=plan.model_folder)
    statuses = {run.model_id: run.status for run in store.model_runs.recent(9)}
    assert statuses == {"m1": ModelStatus.FAILED, "m2": ModelStatus.ACTIVE}
    assert list(store.model_parts.read_clusters_of_tracks("m1")) == []
    assert sorted(path.name for path in plan.model_folder.iterdir()) == ["m2", SNAPSHOTS]
    assert len(list((plan.model_folder / SNAPSHOTS).iterdir())) == 1
