"""Serving: what pages read of the active model, each in one query.

Joins are made by the server on ids that are indexed, so that a page costs a fixed number of round trips whatever the
size of the library.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from earwise.errors import ModelNotFoundError
from earwise.store.ids import unpack_ids
from earwise.store.maps import SoundMap, to_map
from earwise.store.model_parts import Cluster, to_cluster
from earwise.store.ranked_lists import Neighbour, unpack_neighbours
from earwise.store.translation import translated_errors
from earwise.store.vectors import Vector, unpack_vector

# Names and numbers of a model's clusters stand for good; their sizes grow as tracks come.
_CLUSTERS_KEPT_S = 10.0

type Ranked = tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class ActiveModel:
    """The model that readers see, and its clusters by number."""

    model_id: str
    clusters: dict[int, Cluster]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model puts one track.

    Attributes
    ----------
    cluster : int or None
        Number of the track's cluster.
    neighbours : tuple of Neighbour
        Tracks that sound like it, nearest first.
    """

    cluster: int | None
    neighbours: Ranked


@dataclass(frozen=True, slots=True)
class Sounds:
    """Summary vectors by track, and percentiles of the library's distances; empty before the first model.

    Attributes
    ----------
    model_id : str or None
        Whose percentiles these are, and whose feature version the vectors have.
    """

    vectors: dict[str, Vector]
    distance_quantiles: tuple[float, ...]
    model_id: str | None


class Serving:
    """Reads over ``active``, ``clusters``, ``maps``, ``assignments`` and ``neighbours``."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._active = database["active"]
        self._model_runs = database["model_runs"]
        self._neighbours = database["neighbours"]
        self._kept: tuple[float, ActiveModel] | None = None
        self._kept_quantiles: tuple[str, tuple[float, ...]] | None = None

    @translated_errors()
    def find_active(self) -> ActiveModel | None:
        """The model that readers see; None before the first is published."""
        return self._read_active()[0]

    @translated_errors()
    def require_mapped(self) -> tuple[ActiveModel, SoundMap | None]:
        """The model that readers see and its map, in one query; None for a map that is still to be drawn.

        Raises
        ------
        ModelNotFoundError
            Before the first model is published.
        """
        active, document = self._read_active(_join("maps", on="model_id", key="_id"))
        if active is None or document is None:
            raise ModelNotFoundError("No model has been published yet.")
        return active, to_map(document["maps"][0]) if document["maps"] else None

    @translated_errors()
    def find_places(self, model_id: str, track_id: str, *, limit: int) -> list[tuple[float, float]]:
        """Where a model puts a track and its nearest neighbours, the track first; nothing of one it does not know."""
        stages: list[dict[str, Any]] = [
            {"$match": {"_id": f"{model_id}:{track_id}"}},
            {"$lookup": {"from": "assignments", "localField": "_id", "foreignField": "_id", "as": "own"}},
            {"$set": {"near": _ids_of("")}},
            {"$unwind": {"path": "$near", "preserveNullAndEmptyArrays": True}},
            {"$limit": limit},
            {"$set": {"key": {"$concat": [f"{model_id}:", "$near"]}}},
            _join("assignments", on="key", key="_id"),
            {"$project": {"own.place": 1, "assignments.place": 1}},
        ]
        found = list(self._neighbours.aggregate(stages))
        own = found[0]["own"] if found else []
        return [tuple(one["place"]) for one in [*own, *(near for each in found for near in each["assignments"])]]

    @translated_errors()
    def find_placed(self, track_id: str) -> tuple[ActiveModel | None, Placement | None]:
        """The model that readers see, and where it puts a track, in one query."""
        key = {"$set": {"key": {"$concat": ["$model_id", f":{track_id}"]}}}
        joins = (_join("neighbours", on="key", key="_id"), _join("assignments", on="key", key="_id"))
        active, document = self._read_active(key, *joins)
        return active, _to_placement(document) if active and document else None

    def _read_active(self, *stages: dict[str, Any]) -> tuple[ActiveModel | None, dict[str, Any] | None]:
        """The model that readers see, and what these stages add to its document.

        Its clusters may be those of ten seconds ago, if it was in use then: they are dozens of documents, which would
        be most of what a page has the server read.
        """
        kept = self._kept_model()
        document = next(self._active.aggregate([*(_ACTIVE[:1] if kept else _ACTIVE), *stages]), None)
        if kept is not None and (document is None or document["model_id"] != kept.model_id):
            kept, document = None, next(self._active.aggregate([*_ACTIVE, *stages]), None)
        active = kept or _to_active(document)
        if active is not None and kept is None:
            self._kept = (time.monotonic() + _CLUSTERS_KEPT_S, active)
        return active, document

    def _kept_model(self) -> ActiveModel | None:
        ends, active = self._kept or (0.0, None)
        return active if time.monotonic() < ends else None

    # What a page reads in two queries is of one model, though another may have been published in between: the second
    # query names the model that the first one found.

    @translated_errors()
    def find_sounds(self, *track_ids: str, model_id: str | None = None) -> Sounds:
        """The summary vectors of some tracks in the version of a model, in one query.

        Parameters
        ----------
        model_id : str or None
            The model; None for the one that readers see.
        """
        keys = [{"$concat": ["$version", f":{track_id}"]} for track_id in track_ids]
        stages: list[dict[str, Any]] = [
            *_pointer(model_id),
            {"$lookup": {"from": "model_runs", "localField": "model_id", "foreignField": "_id", "as": "runs"}},
            {"$unwind": "$runs"},
            {"$set": {"version": "$runs.feature_version", "quantiles": "$runs.distance_quantiles"}},
            {"$set": {"key": keys}},
            {"$unwind": "$key"},
            _join("features", on="key", key="_id"),
            {"$project": {"model_id": 1, "quantiles": 1, "features.audio_id": 1, "features.vector": 1}},
        ]
        found = list(self._active.aggregate(stages))
        if not found:
            return Sounds({}, (), None)
        vectors = {one["audio_id"]: unpack_vector(one["vector"]) for each in found for one in each["features"]}
        return Sounds(vectors, tuple(found[0].get("quantiles") or ()), found[0]["model_id"])

    @translated_errors()
    def distance_quantiles(self, model_id: str) -> tuple[float, ...]:
        """Percentiles of the library's distances in a model; they never change, so those of the latest stay known."""
        if self._kept_quantiles is None or self._kept_quantiles[0] != model_id:
            found = self._model_runs.find_one({"_id": model_id}, {"distance_quantiles": 1})
            if found is None:
                return ()
            self._kept_quantiles = (model_id, tuple(found.get("distance_quantiles") or ()))
        return self._kept_quantiles[1]

    @translated_errors()
    def find_lists(self, track_ids: Iterable[str], *, model_id: str | None = None) -> dict[str, Ranked]:
        """Ranked neighbours of many tracks in a model, in one query.

        Parameters
        ----------
        model_id : str or None
            The model; None for the one that readers see.
        """
        stages = _each_list(track_ids, model_id)
        found = [one for each in self._active.aggregate(stages) for one in each["neighbours"]]
        return {one["track_id"]: unpack_neighbours(one) for one in found}

    @translated_errors()
    def find_members(self, number: int) -> tuple[Cluster, list[str]] | None:
        """A cluster of the model that readers see, and its tracks, 250 at most, the most typical first."""
        stages: list[dict[str, Any]] = [
            {"$match": {"_id": "model"}},
            {"$set": {"cluster": {"$concat": ["$model_id", f":{number}"]}}},
            _join("clusters", on="cluster", key="_id"),
            _join("maps", on="model_id", key="_id"),
            {"$unwind": {"path": "$maps", "preserveNullAndEmptyArrays": True}},
            {"$set": {"part": {"$concat": ["$maps.edition", f":{number}:0"]}}},
            _join("map_parts", on="part", key="_id"),
            {"$project": {"clusters.centroid": 0, "map_parts.places": 0}},
        ]
        found = next(self._active.aggregate(stages), None)
        if found is None:
            raise ModelNotFoundError("No model has been published yet.")
        ids = [track_id for part in found["map_parts"] for track_id in unpack_ids(part["ids"])]
        return (to_cluster(found["clusters"][0]), ids) if found["clusters"] else None

    @translated_errors()
    def find_surroundings(self, track_ids: Iterable[str]) -> tuple[str | None, dict[str, Ranked]]:
        """The model that readers see, and ranked neighbours of these tracks and of their neighbours, in one query."""
        stages: list[dict[str, Any]] = [
            *_each_list(track_ids),
            {"$unwind": "$neighbours"},
            {"$set": {"own": "$neighbours", "near": _ids_of("neighbours.")}},
            {"$unwind": "$near"},
            {"$set": {"key": {"$concat": ["$model_id", ":", "$near"]}}},
            _join("neighbours", on="key", key="_id"),
        ]
        found: dict[str, Ranked] = {}
        model_id = None
        for each in self._active.aggregate(stages):
            model_id = each["model_id"]
            for one in (each["own"], *each["neighbours"]):
                if one["track_id"] not in found:
                    found[one["track_id"]] = unpack_neighbours(one)
        return model_id, found

    def require_active(self) -> ActiveModel:
        """The model that readers see.

        Raises
        ------
        ModelNotFoundError
            Before the first model is published.
        """
        active = self.find_active()
        if active is None:
            raise ModelNotFoundError("No model has been published yet.")
        return active


def _pointer(model_id: str | None) -> list[dict[str, Any]]:
    """Stages that give the model that readers see, or another in its place."""
    return [{"$match": {"_id": "model"}}, *([{"$set": {"model_id": {"$literal": model_id}}}] if model_id else [])]


def _each_list(track_ids: Iterable[str], model_id: str | None = None) -> list[dict[str, Any]]:
    """Stages from a model, or the one that readers see, to the lists of these tracks.

    One by one: the embedded server joins nothing on a list of keys.
    """
    return [
        *_pointer(model_id),
        {"$set": {"key": [{"$concat": ["$model_id", f":{track_id}"]} for track_id in track_ids]}},
        {"$unwind": "$key"},
        _join("neighbours", on="key", key="_id"),
    ]


def _ids_of(prefix: str) -> dict[str, Any]:
    """The tracks of a list; those of a model of before there were columns (`earwise.store.ranked_lists`), too."""
    # The embedded server finds nothing by a path through a list.
    of_before = {"$map": {"input": f"${prefix}neighbours", "in": "$$this.track_id"}}
    return {"$ifNull": [f"${prefix}ids", of_before]}


def _join(collection: str, *, on: str, key: str | None = None) -> dict[str, Any]:
    return {"$lookup": {"from": collection, "localField": on, "foreignField": key or on, "as": collection}}


_ACTIVE = ({"$match": {"_id": "model"}}, _join("clusters", on="model_id"), {"$project": {"clusters.centroid": 0}})


def _to_active(document: dict[str, Any] | None) -> ActiveModel | None:
    # A model without clusters was pruned or lost: it has nothing to show, as if there were none.
    if document is None or not document["clusters"]:
        return None
    clusters = [to_cluster(found) for found in document["clusters"]]
    ordered = sorted(clusters, key=lambda cluster: cluster.number)
    return ActiveModel(document["model_id"], {cluster.number: cluster for cluster in ordered})


def _to_placement(document: dict[str, Any]) -> Placement | None:
    if not document["neighbours"]:
        return None
    cluster = document["assignments"][0]["cluster"] if document["assignments"] else None
    return Placement(cluster, unpack_neighbours(document["neighbours"][0]))
