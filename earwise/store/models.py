"""Models: training runs, what they computed, and the pointer that says which one readers see.

Everything of a model is written under its own id first; then one document flips. Readers ask for the active id once
and read only documents of that id, so they see one model or the other, never a mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import batched
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReplaceOne
from pymongo.database import Database

from earwise.errors import ModelNotFoundError
from earwise.store.translation import translated_errors
from earwise.store.vectors import Vector, pack_vector

_WRITE_BATCH = 1_000


class ModelStatus(StrEnum):
    """Where a model is in its life."""

    TRAINING = "training"
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class KTrial:
    """What KMeans gave for one k.

    Attributes
    ----------
    silhouette : float
        Mean silhouette with squared Euclidean distance, in [-1, 1].
    training_cost : float
        Sum of squared distances to the centroids.
    sizes : tuple of int
        Tracks of each cluster.
    seconds : float
        Time to fit and evaluate.
    """

    k: int
    silhouette: float
    training_cost: float
    sizes: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One training run."""

    model_id: str
    dag_run_id: str
    feature_version: str
    status: ModelStatus
    created_at: datetime
    seed: int
    tracks: int = 0
    k: int = 0
    trials: tuple[KTrial, ...] = field(default=())
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of tracks that sound alike.

    Attributes
    ----------
    centroid : ndarray [shape=(n_features,), dtype=float32] or None
        In MinMax-scaled features; None where a page has no use for it.
    """

    number: int
    name: str
    size: int
    centroid: Vector | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which cluster a track belongs to.

    Attributes
    ----------
    distance : float
        Euclidean distance to the centroid, in scaled features.
    """

    track_id: str
    cluster: int
    distance: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A track that sounds like another; a lower distance is more alike."""

    track_id: str
    distance: float
    cluster: int


class Models:
    """The collections ``model_runs``, ``clusters``, ``assignments``, ``neighbours`` and ``active``."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._runs = database["model_runs"]
        self._clusters = database["clusters"]
        self._assignments = database["assignments"]
        self._neighbours = database["neighbours"]
        self._active = database["active"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        self._runs.create_index([("created_at", DESCENDING)])
        self._runs.create_index([("dag_run_id", ASCENDING)])
        self._clusters.create_index([("model_id", ASCENDING), ("number", ASCENDING)])
        self._assignments.create_index([("model_id", ASCENDING), ("cluster", ASCENDING), ("distance", ASCENDING)])
        self._neighbours.create_index([("model_id", ASCENDING)])

    # --- what training writes ---

    @translated_errors()
    def put_run(self, run: ModelRun) -> None:
        """Write the record of a training run."""
        self._runs.replace_one({"_id": run.model_id}, _from_run(run), upsert=True)

    @translated_errors()
    def put_clusters(self, model_id: str, clusters: Sequence[Cluster]) -> None:
        """Write the clusters of a model."""
        for cluster in clusters:
            document = {
                "_id": f"{model_id}:{cluster.number}",
                "model_id": model_id,
                "number": cluster.number,
                "name": cluster.name,
                "size": cluster.size,
                "centroid": None if cluster.centroid is None else pack_vector(cluster.centroid),
            }
            self._clusters.replace_one({"_id": document["_id"]}, document, upsert=True)

    @translated_errors()
    def put_assignments(self, model_id: str, assignments: Iterable[Assignment]) -> int:
        """Write assignments of a model; returns how many."""
        return self._put_many(
            self._assignments,
            (
                {
                    "_id": f"{model_id}:{assignment.track_id}",
                    "model_id": model_id,
                    "track_id": assignment.track_id,
                    "cluster": assignment.cluster,
                    "distance": assignment.distance,
                }
                for assignment in assignments
            ),
        )

    @translated_errors()
    def put_neighbours(self, model_id: str, neighbours: Iterable[tuple[str, Sequence[Neighbour]]]) -> int:
        """Write the ranked neighbours of tracks, nearest first; returns how many tracks."""
        return self._put_many(
            self._neighbours,
            (
                {
                    "_id": f"{model_id}:{track_id}",
                    "model_id": model_id,
                    "track_id": track_id,
                    "neighbours": [
                        {"track_id": near.track_id, "distance": near.distance, "cluster": near.cluster}
                        for near in ranked
                    ],
                }
                for track_id, ranked in neighbours
            ),
        )

    @translated_errors()
    def delete(self, model_id: str) -> None:
        """Remove everything of a model but its run record."""
        # Clusters first: a model without them is not whole, so what a crash leaves here can't be activated.
        for collection in (self._clusters, self._assignments, self._neighbours):
            collection.delete_many({"model_id": model_id})

    def discard_abandoned(self, before: datetime) -> list[str]:
        """Mark runs begun before a time and still in training as failed, and delete what they wrote.

        Returns
        -------
        list of str
            The runs that were killed, and that nobody took up.
        """
        with translated_errors():
            found = self._runs.find({"status": ModelStatus.TRAINING, "created_at": {"$lt": before}}, {"_id": 1})
            abandoned = [run["_id"] for run in found]
        for model_id in abandoned:
            self.delete(model_id)
            with translated_errors():
                self._runs.update_one({"_id": model_id}, {"$set": {"status": ModelStatus.FAILED}})
        return abandoned

    @translated_errors()
    def activate(self, model_id: str, now: datetime) -> None:
        """Let readers see this model.

        Raises
        ------
        ModelNotFoundError
            If no run of this id was completed, or its documents were pruned.
        """
        if self._clusters.find_one({"model_id": model_id}, {"_id": 1}) is None:
            raise ModelNotFoundError(f"There is no complete model {model_id!r} to activate.")
        self._active.replace_one({"_id": "model"}, {"_id": "model", "model_id": model_id, "since": now}, upsert=True)
        self._runs.update_many(
            {"status": ModelStatus.ACTIVE, "_id": {"$ne": model_id}}, {"$set": {"status": ModelStatus.RETIRED}}
        )
        self._runs.update_one({"_id": model_id}, {"$set": {"status": ModelStatus.ACTIVE, "published_at": now}})

    def prune(self, keep: int) -> list[str]:
        """Delete the documents of all but the newest `keep` models; the active one always stays.

        Returns
        -------
        list of str
            The models whose documents were deleted; their run records are kept.
        """
        active = self.active_id()
        with translated_errors():
            newest = [run["_id"] for run in self._runs.find({}, {"_id": 1}).sort("created_at", DESCENDING)]
            present = {group["_id"] for group in self._clusters.aggregate([{"$group": {"_id": "$model_id"}}])}
        others = [model_id for model_id in newest if model_id in present and model_id != active]
        pruned = others[max(keep - 1, 0) :]
        for model_id in pruned:
            self.delete(model_id)
        return pruned

    # --- what readers see ---

    @translated_errors()
    def active_id(self) -> str | None:
        """Id of the model that readers see, or None before the first."""
        document = self._active.find_one({"_id": "model"})
        return document["model_id"] if document else None

    def require_active_id(self) -> str:
        """Id of the model that readers see.

        Raises
        ------
        ModelNotFoundError
            Before the first model is published.
        """
        model_id = self.active_id()
        if model_id is None:
            raise ModelNotFoundError("No model has been published yet.")
        return model_id

    @translated_errors()
    def get_run(self, model_id: str) -> ModelRun | None:
        """The record of one training run."""
        document = self._runs.find_one({"_id": model_id})
        return _to_run(document) if document else None

    @translated_errors()
    def run_of_dag_run(self, dag_run_id: str) -> ModelRun | None:
        """The training run that an Airflow Dag run made last; None if it made none (yet)."""
        document = self._runs.find_one({"dag_run_id": dag_run_id}, sort=[("created_at", DESCENDING)])
        return _to_run(document) if document else None

    @translated_errors()
    def recent_runs(self, limit: int) -> list[ModelRun]:
        """The newest training runs, newest first."""
        return [_to_run(document) for document in self._runs.find().sort("created_at", DESCENDING).limit(limit)]

    @translated_errors()
    def clusters(self, model_id: str) -> list[Cluster]:
        """The clusters of a model, by number."""
        found = self._clusters.find({"model_id": model_id}, {"centroid": 0}).sort("number", ASCENDING)
        return [_to_cluster(document) for document in found]

    @translated_errors()
    def cluster(self, model_id: str, number: int) -> Cluster | None:
        """One cluster of a model."""
        document = self._clusters.find_one({"_id": f"{model_id}:{number}"}, {"centroid": 0})
        return _to_cluster(document) if document else None

    @translated_errors()
    def cluster_members(self, model_id: str, number: int, *, skip: int, limit: int) -> list[Assignment]:
        """Tracks of a cluster, the most typical first."""
        query = {"model_id": model_id, "cluster": number}
        found = self._assignments.find(query).sort("distance", ASCENDING).skip(skip).limit(limit)
        return [_to_assignment(document) for document in found]

    @translated_errors()
    def assignment(self, model_id: str, track_id: str) -> Assignment | None:
        """The cluster of one track."""
        document = self._assignments.find_one({"_id": f"{model_id}:{track_id}"})
        return _to_assignment(document) if document else None

    @translated_errors()
    def neighbours(self, model_id: str, track_id: str) -> list[Neighbour] | None:
        """Ranked neighbours of a track, nearest first; None if the model does not know the track."""
        document = self._neighbours.find_one({"_id": f"{model_id}:{track_id}"})
        if document is None:
            return None
        return [Neighbour(near["track_id"], near["distance"], near["cluster"]) for near in document["neighbours"]]

    def _put_many(self, collection: Any, documents: Iterable[dict[str, Any]]) -> int:
        written = 0
        for batch in batched(documents, _WRITE_BATCH):
            replacements = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in batch]
            collection.bulk_write(replacements, ordered=False)
            written += len(batch)
        return written


def _from_run(run: ModelRun) -> dict[str, Any]:
    return {
        "_id": run.model_id,
        "dag_run_id": run.dag_run_id,
        "feature_version": run.feature_version,
        "status": run.status,
        "created_at": run.created_at,
        "seed": run.seed,
        "tracks": run.tracks,
        "k": run.k,
        "trials": [
            {
                "k": trial.k,
                "silhouette": trial.silhouette,
                "training_cost": trial.training_cost,
                "sizes": list(trial.sizes),
                "seconds": trial.seconds,
            }
            for trial in run.trials
        ],
        "seconds": run.seconds,
    }


def _to_run(document: dict[str, Any]) -> ModelRun:
    return ModelRun(
        model_id=document["_id"],
        dag_run_id=document["dag_run_id"],
        feature_version=document["feature_version"],
        status=ModelStatus(document["status"]),
        created_at=document["created_at"],
        seed=document["seed"],
        tracks=document["tracks"],
        k=document["k"],
        trials=tuple(KTrial(**{**trial, "sizes": tuple(trial["sizes"])}) for trial in document["trials"]),
        seconds=document["seconds"],
    )


def _to_cluster(document: dict[str, Any]) -> Cluster:
    return Cluster(document["number"], document["name"], document["size"])


def _to_assignment(document: dict[str, Any]) -> Assignment:
    return Assignment(document["track_id"], document["cluster"], document["distance"])
