"""One training run: features in, a whole model under its own id out. Publishing is another step."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col

from earwise.clustering.kmeans import FittedKMeans, fit_each_k, scale_features
from earwise.clustering.ks import choose_k, ks_to_try
from earwise.clustering.naming import name_clusters
from earwise.errors import StoreError, TooFewTracksError, TrainingDataError
from earwise.log import fields
from earwise.ranking.neighbours import Matrix, nearest_neighbours
from earwise.spark.features_source import StoreAddress, read_features
from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.model_parts import Assignment, Cluster, Neighbour
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.tracks import Tags

log = logging.getLogger(__name__)

_TRACKS_PER_PARTITION = 10_000
_FEWEST_PARTITIONS = 4
_LONGEST_RUN = timedelta(days=1)  # what is in training for longer was killed
_NAMING_SAMPLE = 200  # most typical tracks whose tags name a cluster


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is asked of a training run.

    Attributes
    ----------
    k_min, k_max : int or None
        Range of k; None lets it fit the library's size.
    neighbours : int
        Ranked neighbours kept for each track.
    """

    model_id: str
    dag_run_id: str
    feature_version: str
    min_tracks: int
    seed: int = 1
    k_min: int | None = None
    k_max: int | None = None
    neighbours: int = 50


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """The scaled library in memory, in order of track id: the one matrix of its size that the driver holds."""

    track_ids: list[str]
    scaled: Matrix
    clusters: list[int]


def train(spark: SparkSession, address: StoreAddress, plan: TrainingPlan, now: datetime) -> ModelRun:
    """Train a model and write it under ``plan.model_id`` as a candidate.

    What an earlier attempt left under the same id is removed first, so a retry is safe; so is what other runs left
    that were killed.

    Raises
    ------
    TooFewTracksError
        If fewer tracks than ``plan.min_tracks`` have features.
    TrainingDataError
        If readers see the model of this id, or every k leaves one cluster.
    """
    with open_store_at(address.uri, address.database) as store:
        if store.models.active_id() == plan.model_id:
            raise TrainingDataError(f"Model {plan.model_id} is being served; run the Dag again from its first task.")
        store.model_parts.delete(plan.model_id)
        store.models.discard_abandoned(now - _LONGEST_RUN)
        run = ModelRun(
            plan.model_id, plan.dag_run_id, plan.feature_version, ModelStatus.TRAINING, created_at=now, seed=plan.seed
        )
        return _TrainingRun(spark, address, store, plan, run).finish()


class _TrainingRun:
    """The steps of a run; each notes its seconds in the run's record."""

    def __init__(
        self, spark: SparkSession, address: StoreAddress, store: Store, plan: TrainingPlan, run: ModelRun
    ) -> None:
        self._spark, self._address, self._store, self._plan, self._run = spark, address, store, plan, run
        self._started = time.monotonic()

    def finish(self) -> ModelRun:
        try:
            return self._train()
        except Exception:
            with suppress(StoreError):
                self._update(status=ModelStatus.FAILED)
            raise

    def _train(self) -> ModelRun:
        scaled = self._read_and_scale()
        chosen = self._fit(scaled)
        assigned = chosen.model.transform(scaled).select(
            "track_id", "cluster", vector_to_array(col("scaled"), "float32").alias("scaled")
        )
        catalogue = _collect(assigned)
        self._note("collect")
        self._write_assignments(assigned, chosen)
        self._write_neighbours(assigned, catalogue)
        self._write_clusters(chosen)
        self._update(status=ModelStatus.CANDIDATE, k=chosen.trial.k)
        log.info(
            "model trained",
            extra=fields(model_id=self._run.model_id, tracks=self._run.tracks, k=self._run.k, **self._run.seconds),
        )
        return self._run

    def _read_and_scale(self) -> DataFrame:
        count = self._store.features.count(self._plan.feature_version)
        partitions = max(_FEWEST_PARTITIONS, -(-count // _TRACKS_PER_PARTITION))
        features = read_features(
            self._spark, self._address, self._plan.feature_version, partitions=partitions
        ).persist()
        tracks = features.count()
        self._update(tracks=tracks)
        if tracks < self._plan.min_tracks:
            raise TooFewTracksError(f"{tracks} tracks have features; a model needs at least {self._plan.min_tracks}.")
        self._note("read")
        scaled = scale_features(features).persist()
        scaled.count()
        features.unpersist()
        self._note("scale")
        return scaled

    def _fit(self, scaled: DataFrame) -> FittedKMeans:
        ks = ks_to_try(self._run.tracks, self._plan.k_min, self._plan.k_max)
        fitted = fit_each_k(scaled, ks, self._plan.seed, after_each=self._add_trial)
        self._note("kmeans")
        best = choose_k([one.trial for one in fitted])
        return next(one for one in fitted if one.trial == best)

    def _add_trial(self, trial: KTrial) -> None:
        self._update(trials=(*self._run.trials, trial))

    def _write_assignments(self, assigned: DataFrame, chosen: FittedKMeans) -> None:
        address, model_id = self._address, self._plan.model_id
        centroids = np.asarray(chosen.model.clusterCenters(), np.float32)

        def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            with open_store_at(address.uri, address.database) as store:
                for batch in batches:
                    clusters = batch.column("cluster").to_numpy()
                    distances = np.linalg.norm(_matrix(batch.column("scaled")) - centroids[clusters], axis=1)
                    rows = zip(batch.column("track_id").to_pylist(), clusters, distances, strict=True)
                    written = store.model_parts.put_assignments(
                        model_id, (Assignment(track_id, int(cluster), float(d)) for track_id, cluster, d in rows)
                    )
                    yield pa.record_batch([[written]], names=["written"])

        _run_on_executors(assigned, write)
        self._note("assignments")

    def _write_neighbours(self, assigned: DataFrame, catalogue: _Catalogue) -> None:
        address, model_id, n = self._address, self._plan.model_id, self._plan.neighbours
        shared = self._spark.sparkContext.broadcast(catalogue)

        def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            library = shared.value
            row_of = {track_id: row for row, track_id in enumerate(library.track_ids)}
            with open_store_at(address.uri, address.database) as store:
                for batch in batches:
                    track_ids = batch.column("track_id").to_pylist()
                    rows = np.array([row_of[track_id] for track_id in track_ids])
                    nearest, distances = nearest_neighbours(library.scaled[rows], library.scaled, rows, n)
                    ranked = (_to_neighbours(library, *found) for found in zip(nearest, distances, strict=True))
                    written = store.model_parts.put_neighbours(model_id, zip(track_ids, ranked, strict=True))
                    yield pa.record_batch([[written]], names=["written"])

        _run_on_executors(assigned, write)
        shared.destroy()
        self._note("neighbours")

    def _write_clusters(self, chosen: FittedKMeans) -> None:
        # Written last: a model whose clusters are there is whole, which is what activating it asks for.
        names = name_clusters(
            {number: self._typical_tags(number) for number, size in enumerate(chosen.trial.sizes) if size}
        )
        centroids = np.asarray(chosen.model.clusterCenters(), np.float32)
        clusters = [
            Cluster(number, names[number], chosen.trial.sizes[number], centroids[number]) for number in sorted(names)
        ]
        self._store.model_parts.put_clusters(self._plan.model_id, clusters)
        self._note("clusters")

    def _typical_tags(self, number: int) -> list[Tags]:
        members = self._store.model_parts.cluster_members(self._plan.model_id, number, skip=0, limit=_NAMING_SAMPLE)
        tracks = self._store.tracks.get_many(member.track_id for member in members)
        return [tracks[member.track_id].tags for member in members if member.track_id in tracks]

    def _update(self, **changes: object) -> None:
        self._run = dataclasses.replace(self._run, **changes)  # type: ignore[arg-type]
        self._store.model_runs.put(self._run)

    def _note(self, phase: str) -> None:
        now = time.monotonic()
        seconds = {**self._run.seconds, phase: round(now - self._started, 2)}
        self._started = now
        self._update(seconds=seconds)


def _collect(assigned: DataFrame) -> _Catalogue:
    table = assigned.sort("track_id").toArrow()
    return _Catalogue(
        track_ids=table.column("track_id").to_pylist(),
        scaled=_matrix(table.column("scaled").combine_chunks()),
        clusters=table.column("cluster").to_pylist(),
    )


def _matrix(column: pa.ListArray) -> Matrix:
    """The lists of an Arrow column as rows of a matrix [shape=(n, n_features), dtype=float32]."""
    rows: Matrix = (
        column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1).astype(np.float32, copy=False)
    )
    return rows


def _to_neighbours(library: _Catalogue, rows: NDArray[np.int64], distances: Matrix) -> list[Neighbour]:
    return [
        Neighbour(library.track_ids[row], float(distance), library.clusters[row])
        for row, distance in zip(rows, distances, strict=True)
    ]


def _run_on_executors(assigned: DataFrame, write: object) -> None:
    """Run a function over the partitions where they lie; only counts come back."""
    assigned.select(col("track_id"), col("cluster"), col("scaled")).mapInArrow(write, "written long").count()  # type: ignore[arg-type]
