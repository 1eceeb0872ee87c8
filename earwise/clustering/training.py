"""One training run: features in, a whole model under its own id out. Publishing is another step."""

from __future__ import annotations

import dataclasses
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col

from earwise.clustering.assessment import assess, draw_sample
from earwise.clustering.kmeans import FittedKMeans, ScaledFeatures, fit_each_k, save_pipeline, scale_features
from earwise.clustering.ks import choose_k, earlier_nights, ks_to_try
from earwise.clustering.library import Captions, Collected, Library, collect, make_captions
from earwise.clustering.naming import Portrait, name_clusters
from earwise.clustering.recognition import Recognised, recognise
from earwise.clustering.snapshot import snapshot_name, take_snapshot
from earwise.clustering.writing import write_assignments, write_neighbours
from earwise.errors import ModelInUseError, StoreError, TooFewTracksError, TrainingDataError
from earwise.evaluation.collection import name_tags
from earwise.log import fields
from earwise.ranking.artefact import PIPELINE, Artefact, ClusterModel, find_artefact, save_artefact
from earwise.ranking.fitting import FittedSound, fit_sound
from earwise.ranking.lists import LIST_LENGTH
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Ranking
from earwise.ranking.search import plan_search
from earwise.spark.features_source import StoreAddress
from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.model_parts import Cluster
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.tracks import Tags

log = logging.getLogger(__name__)

_RUNS_LOOKED_AT = 50  # for the nights before this one
_NAMING_SAMPLE = 200  # most typical tracks whose tags name a cluster


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is asked of a training run.

    Attributes
    ----------
    k_min, k_max : int or None
        Range of k; None lets it fit the library's size.
    model_folder : Path
        Where the model's own files are written, and the snapshot that it is trained on.
    neighbours, most_per_artist : int
        Ranked neighbours kept for each track, and how many of one artist may be among them (0: any number).
    """

    model_id: str
    dag_run_id: str
    feature_version: str
    min_tracks: int
    model_folder: Path
    seed: int = 1
    k_min: int | None = None
    k_max: int | None = None
    neighbours: int = LIST_LENGTH
    most_per_artist: int = 0


def train(spark: SparkSession, address: StoreAddress, plan: TrainingPlan, now: datetime) -> ModelRun:
    """Train a model and write it under ``plan.model_id`` as a candidate.

    What an earlier attempt left under the same id is removed first, so a retry is safe; so is what other runs left
    that were killed.

    Raises
    ------
    TooFewTracksError
        If fewer tracks than ``plan.min_tracks`` have features.
    TrainingDataError
        If every k leaves one cluster; the run's record says so too.
    ModelInUseError
        If readers see the model of this id.
    """
    with open_store_at(address.uri, address.database) as store:
        if store.models.active_id() == plan.model_id:
            raise ModelInUseError(f"Model {plan.model_id} is being served; run the Dag again from its first task.")
        store.model_parts.delete(plan.model_id)
        store.models.discard_abandoned(plan.model_id)
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
        except TrainingDataError as reason:
            # What is not written down is no reason that anybody could read: the store's error is raised in its place.
            self._update(status=ModelStatus.FAILED, reasons=(str(reason),))
            raise
        except Exception:
            with suppress(StoreError):
                self._update(status=ModelStatus.FAILED)
            raise

    def _train(self) -> ModelRun:
        scaled = self._read_and_scale()
        chosen = self._fit(scaled.frame)
        assigned = chosen.model.transform(scaled.frame).withColumn("scaled", vector_to_array(col("scaled"), "float32"))
        centroids = np.asarray(chosen.model.clusterCenters(), np.float32)
        collected = collect(assigned, self._plan.model_folder, self._run.snapshot)
        collected, clusters = recognise(self._store, collected, scaled, centroids)
        captions = make_captions(collected.track_ids, self._store.tracks.read_tags())
        sample = draw_sample(collected.features, captions.genres)
        self._note("collect")
        library, fitted = self._prepare(collected, captions)
        del collected  # the profiles are in its place
        shared = self._spark.sparkContext.broadcast(library)
        write_assignments(assigned, shared, centroids, self._address, self._plan.model_id)
        self._note("assignments")
        lists = write_neighbours(assigned, shared, self._ranking, self._address, self._plan.model_id)
        shared.destroy()
        self._note("neighbours")
        self._update(quality=assess(self._store, library, sample, self._ranking, lists))
        self._note("evaluate")
        self._write_model(chosen, centroids, scaled, fitted, clusters)
        self._update(status=ModelStatus.CANDIDATE, k=chosen.trial.k)
        log.info(
            "model trained",
            extra=fields(model_id=self._run.model_id, tracks=self._run.tracks, k=self._run.k, **self._run.seconds),
        )
        return self._run

    def _read_and_scale(self) -> ScaledFeatures:
        version, dag_run_id = self._plan.feature_version, self._plan.dag_run_id
        features = take_snapshot(
            *(self._spark, self._address, self._store, self._plan.model_folder),
            dag_run_id=dag_run_id,
            feature_version=version,
        ).persist()
        tracks = features.count()
        self._update(tracks=tracks, snapshot=snapshot_name(dag_run_id, version))
        if tracks < self._plan.min_tracks:
            raise TooFewTracksError(f"{tracks} tracks have features; a model needs at least {self._plan.min_tracks}.")
        self._note("read")
        scaled = scale_features(features)
        scaled.frame.persist().count()
        features.unpersist()
        self._note("scale")
        return scaled

    def _fit(self, scaled: DataFrame) -> FittedKMeans:
        runs = self._store.model_runs.recent(_RUNS_LOOKED_AT)
        # Not among the runs looked at, which may all be of models that were rejected since.
        active = self._store.models.active_run()
        present_k = active.k if active else None
        ks = ks_to_try(self._run.tracks, self._plan.k_min, self._plan.k_max, present_k)
        fitted = fit_each_k(scaled, ks, self._plan.seed, after_each=self._add_trial)
        self._note("kmeans")
        nights = earlier_nights(runs, self._plan.feature_version, self._run.created_at)
        best = choose_k([one.trial for one in fitted], present_k, nights)
        return next(one for one in fitted if one.trial == best)

    def _add_trial(self, trial: KTrial) -> None:
        self._update(trials=(*self._run.trials, trial))

    @property
    def _ranking(self) -> Ranking:
        return Ranking(self._plan.neighbours, self._plan.most_per_artist)

    def _prepare(self, collected: Collected, captions: Captions) -> tuple[Library, FittedSound]:
        before = find_artefact(self._plan.model_folder, self._store.models.active_id())
        catalogue, fitted = fit_sound(
            collected.features, collected.track_ids, name_tags(captions.titles, captions.artists), before
        )
        places = fitted.projection.place(fitted.metric, catalogue.profiles)
        search = plan_search(fitted.metric, catalogue)
        log.info(
            "library in memory",
            extra=fields(tracks=len(catalogue), bytes=catalogue.profiles.nbytes, is_exact=search.cells is None),
        )
        self._note("prepare")
        return Library(collected.track_ids, collected.clusters, captions, search, places), fitted

    def _write_model(
        self,
        chosen: FittedKMeans,
        centroids: Matrix,
        scaled: ScaledFeatures,
        fitted: FittedSound,
        recognised: Recognised,
    ) -> None:
        populated = sorted(recognised.numbers)
        names = self._name(recognised)
        clusters = ClusterModel(
            scaled.minimum,
            scaled.maximum,
            tuple(populated),
            tuple(names[number] for number in populated),
            centroids[[recognised.numbers[number] for number in populated]],
        )
        artefact = Artefact(
            model_id=self._plan.model_id,
            feature_version=self._plan.feature_version,
            metric=fitted.metric,
            reference=fitted.reference,
            clusters=clusters,
            projection=fitted.projection,
            reference_places=fitted.reference_places,
            quantiles=fitted.quantiles,
            most_per_artist=self._plan.most_per_artist,
        )
        save_pipeline(save_artefact(self._plan.model_folder, artefact) / PIPELINE, scaled, chosen.model)
        self._update(distance_quantiles=tuple(fitted.quantiles.tolist()), changes=recognised.changes(names))
        # Written last: a model whose clusters are there is whole, which is what activating it asks for.
        self._store.model_parts.put_clusters(
            self._plan.model_id,
            [
                Cluster(number, names[number], chosen.trial.sizes[row], centroids[row])
                for number, row in recognised.numbers.items()
            ],
        )
        self._note("clusters")

    def _name(self, recognised: Recognised) -> dict[int, str]:
        portraits = {
            number: Portrait(self._typical_tags(number), recognised.sounds[number], recognised.former_name(number))
            for number in sorted(recognised.numbers)
        }
        return name_clusters(portraits)

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
