"""Training runs: one document each, kept when the model itself is pruned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from earwise.store.index_builds import ensure_index
from earwise.store.model_changes import Changes, to_changes
from earwise.store.translation import translated_errors


class ModelStatus(StrEnum):
    """Where a model is in its life."""

    TRAINING = "training"
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"
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
    evaluation_s : float
        Of them to evaluate.
    """

    k: int
    silhouette: float
    training_cost: float
    sizes: tuple[int, ...]
    seconds: float
    evaluation_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ListFigures:
    """What lists are like, without labels; None where there is nothing to measure.

    Attributes
    ----------
    recall_at_10 : float or None
        Share of the true top ten that the published top ten has.
    hub_skew_at_10 : float or None
        Skewness of how often recordings stand in top tens.
    orphan_share, coverage : float or None
        Share of recordings in nobody's top ten, and in somebody's whole list.
    """

    recall_at_10: float | None = None
    hub_skew_at_10: float | None = None
    orphan_share: float | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Quality(ListFigures):
    """What was measured of a model's lists, beside a model before and by genre too.

    Attributes
    ----------
    agreement : float or None
        Share of the served model's top tens that this one's have too.
    genre_precision_at_10, genre_accuracy_10nn : float or None
        Share of top tens, without the same artist's tracks, that carry the seed's genre; and how often the genre of
        most of them is the seed's.
    """

    agreement: float | None = None
    genre_precision_at_10: float | None = None
    genre_accuracy_10nn: float | None = None


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One training run.

    Attributes
    ----------
    snapshot : str
        Name of what it was trained on.
    changes : Changes or None
        Against the model that was served; None for the first.
    reasons : tuple of str
        Why it was rejected.
    quality : Quality or None
        None until it is measured.
    distance_quantiles : tuple of float
        The 0th to the 100th percentile of the distances of random pairs.
    """

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
    distance_quantiles: tuple[float, ...] = field(default=())
    snapshot: str = ""
    changes: Changes | None = None
    reasons: tuple[str, ...] = field(default=())
    quality: Quality | None = None


class ModelRuns:
    """The ``model_runs`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._runs = database["model_runs"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._runs, [("created_at", DESCENDING)])
        ensure_index(self._runs, [("dag_run_id", ASCENDING)])

    @translated_errors()
    def put(self, run: ModelRun) -> None:
        """Write the record of a training run."""
        self._runs.replace_one({"_id": run.model_id}, _from_run(run), upsert=True)

    @translated_errors()
    def get(self, model_id: str) -> ModelRun | None:
        """The record of one training run."""
        document = self._runs.find_one({"_id": model_id})
        return _to_run(document) if document else None

    @translated_errors()
    def of_dag_run(self, dag_run_id: str) -> ModelRun | None:
        """The training run that an Airflow Dag run made last; None if it made none (yet)."""
        document = self._runs.find_one({"dag_run_id": dag_run_id}, sort=[("created_at", DESCENDING)])
        return _to_run(document) if document else None

    @translated_errors()
    def recent(self, limit: int) -> list[ModelRun]:
        """The newest training runs, newest first."""
        return [_to_run(document) for document in self._runs.find().sort("created_at", DESCENDING).limit(limit)]

    @translated_errors()
    def of(self, model_ids: Iterable[str]) -> list[ModelRun]:
        """The training runs of these models, newest first."""
        found = self._runs.find({"_id": {"$in": list(model_ids)}}).sort("created_at", DESCENDING)
        return [_to_run(document) for document in found]

    @translated_errors()
    def published_ids(self) -> list[str]:
        """Ids of the models that readers have ever seen, those they saw last first."""
        published = self._runs.find({"published_at": {"$exists": True}}, {"published_at": 1, "created_at": 1})
        last_first = sorted(published, key=lambda run: (run["published_at"], run["created_at"]), reverse=True)
        return [run["_id"] for run in last_first]

    @translated_errors()
    def unpublished_ids(self) -> list[str]:
        """Ids of the runs whose model no reader has ever seen, newest first."""
        found = self._runs.find({"published_at": {"$exists": False}}, {"_id": 1}).sort("created_at", DESCENDING)
        return [run["_id"] for run in found]

    @translated_errors()
    def in_training(self) -> list[str]:
        """Ids of the runs that have begun and not ended."""
        return [run["_id"] for run in self._runs.find({"status": ModelStatus.TRAINING}, {"_id": 1})]

    @translated_errors()
    def mark_failed(self, model_id: str) -> None:
        """Note that nothing comes of a run."""
        self._runs.update_one({"_id": model_id}, {"$set": {"status": ModelStatus.FAILED}})

    @translated_errors()
    def mark_rejected(self, model_id: str, reasons: Sequence[str]) -> None:
        """Note why readers are not to see the model of this run."""
        changes = {"status": ModelStatus.REJECTED, "reasons": list(reasons)}
        self._runs.update_one({"_id": model_id}, {"$set": changes})

    @translated_errors()
    def mark_published(self, model_id: str, now: datetime) -> None:
        """Note that readers are about to see the model of this run."""
        self._runs.update_one({"_id": model_id}, {"$set": {"published_at": now}})

    @translated_errors()
    def mark_active(self, model_id: str) -> None:
        """Note that readers see the model of this run, and no longer that of another."""
        self._runs.update_many(
            {"status": ModelStatus.ACTIVE, "_id": {"$ne": model_id}}, {"$set": {"status": ModelStatus.RETIRED}}
        )
        self._runs.update_one({"_id": model_id}, {"$set": {"status": ModelStatus.ACTIVE}})


def _from_run(run: ModelRun) -> dict[str, Any]:
    document = asdict(run)
    return {"_id": document.pop("model_id"), **document}


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
        distance_quantiles=tuple(document.get("distance_quantiles", ())),
        snapshot=document.get("snapshot", ""),
        changes=to_changes(document["changes"]) if document.get("changes") else None,
        reasons=tuple(document.get("reasons", ())),
        quality=Quality(**quality) if (quality := document.get("quality")) else None,
    )
