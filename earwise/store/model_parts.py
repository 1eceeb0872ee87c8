"""What a model consists of: clusters, assignments and ranked neighbours, all under the model's id."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from pymongo import ASCENDING, UpdateOne
from pymongo.database import Database

from earwise.store.bulk import insert_missing, put_documents
from earwise.store.index_builds import ensure_index
from earwise.store.ranked_lists import Neighbour, RankedList, pack_neighbours, unpack_neighbours
from earwise.store.translation import translated_errors
from earwise.store.vectors import Vector, pack_vector

_WRITE_BATCH = 1_000


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
    place : tuple of float
        Where the track lies on the model's map.
    surroundings : tuple of float
        Where the track's distances to the model's reference sample lie, and how far they spread.
    """

    track_id: str
    cluster: int
    distance: float
    place: tuple[float, float] = (0.0, 0.0)
    surroundings: tuple[float, float] = (0.0, 0.0)


class ModelParts:
    """The collections ``clusters``, ``assignments`` and ``neighbours``; what is drawn of them goes with them."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._clusters = database["clusters"]
        self._assignments = database["assignments"]
        self._neighbours = database["neighbours"]
        # Clusters first: a model without them is not whole, so what a crash leaves when they are deleted is none that
        # can be activated.
        everything = ("clusters", "maps", "map_parts", "assignments", "neighbours")
        self._everything = [database[name] for name in everything]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._clusters, [("model_id", ASCENDING), ("number", ASCENDING)])
        ensure_index(self._assignments, [("model_id", ASCENDING), ("cluster", ASCENDING), ("distance", ASCENDING)])
        ensure_index(self._neighbours, [("model_id", ASCENDING)])

    # --- what training writes ---

    @translated_errors()
    def put_clusters(self, model_id: str, clusters: Iterable[Cluster]) -> None:
        """Write the clusters of a model: all at once, since one of them makes the model whole."""
        documents = [
            {
                "_id": f"{model_id}:{cluster.number}",
                "model_id": model_id,
                "number": cluster.number,
                "name": cluster.name,
                "size": cluster.size,
                "centroid": None if cluster.centroid is None else pack_vector(cluster.centroid),
            }
            for cluster in clusters
        ]
        put_documents(self._clusters, documents)

    @translated_errors()
    def put_assignments(self, model_id: str, assignments: Iterable[Assignment]) -> None:
        """Write assignments of a model."""
        self._put_many(
            self._assignments,
            (
                {
                    "_id": f"{model_id}:{assignment.track_id}",
                    "model_id": model_id,
                    "track_id": assignment.track_id,
                    "cluster": assignment.cluster,
                    "distance": assignment.distance,
                    "place": list(assignment.place),
                    "surroundings": list(assignment.surroundings),
                }
                for assignment in assignments
            ),
        )

    @translated_errors()
    def put_neighbours(self, model_id: str, neighbours: Iterable[tuple[str, Sequence[Neighbour]]]) -> None:
        """Write the ranked neighbours of tracks, nearest first."""
        self._put_many(self._neighbours, (_from_list(model_id, *pair) for pair in neighbours))

    @translated_errors()
    def add_neighbours(self, model_id: str, neighbours: Iterable[tuple[str, Sequence[Neighbour]]]) -> set[str]:
        """Write the ranked neighbours of tracks that have none yet; returns the tracks that have."""
        documents = [_from_list(model_id, *pair) for pair in neighbours]
        return {document["track_id"] for document in insert_missing(self._neighbours, documents)}

    @translated_errors()
    def replace_lists(self, model_id: str, lists: Iterable[RankedList]) -> bool:
        """Write other neighbours of tracks that have some, unless somebody changed them since they were read.

        Parameters
        ----------
        lists : iterable of RankedList
            With the revision that was read.

        Returns
        -------
        bool
            Whether all were written.
        """
        writes = [
            UpdateOne(
                # A list that was never changed has no revision; None finds these.
                {"_id": f"{model_id}:{one.track_id}", "revision": one.revision or None},
                {"$set": pack_neighbours(one.neighbours) | {"revision": one.revision + 1}},
            )
            for one in lists
        ]
        return not writes or self._neighbours.bulk_write(writes, ordered=False).matched_count == len(writes)

    @translated_errors()
    def recount_clusters(self, model_id: str) -> None:
        """Bring the clusters' sizes to what is assigned to them."""
        counts = self._assignments.aggregate(
            [{"$match": {"model_id": model_id}}, {"$group": {"_id": "$cluster", "size": {"$sum": 1}}}]
        )
        for count in counts:
            self._clusters.update_one({"_id": f"{model_id}:{count['_id']}"}, {"$set": {"size": count["size"]}})

    @translated_errors()
    def count_assignments(self, model_id: str) -> int:
        """How many tracks a model knows."""
        return self._assignments.count_documents({"model_id": model_id})

    @translated_errors()
    def delete(self, model_id: str) -> None:
        """Remove everything of a model but its run record."""
        for collection in self._everything:
            collection.delete_many({"model_id": model_id})

    @translated_errors()
    def delete_all_but(self, model_ids: Collection[str]) -> None:
        """Remove everything that belongs to none of these models, as what a killed run left."""
        for collection in self._everything:
            collection.delete_many({"model_id": {"$nin": list(model_ids)}})

    def read_clusters_of_tracks(self, model_id: str) -> Iterator[tuple[str, int]]:
        """Id and cluster of every track of a model, in order of id."""
        with translated_errors():
            wanted = {"_id": 0, "track_id": 1, "cluster": 1}
            # By _id, and not by the indexed model id, since its order is that of the tracks.
            ids = {"$gte": f"{model_id}:", "$lt": f"{model_id};"}
            for document in self._assignments.find({"_id": ids}, wanted).sort("_id", ASCENDING):
                yield document["track_id"], document["cluster"]

    def read_assignments(self, model_id: str) -> Iterator[Assignment]:
        """Where a model puts each of its tracks, in any order."""
        with translated_errors():
            for document in self._assignments.find({"model_id": model_id}):
                yield to_assignment(document)

    # --- what readers see ---

    @translated_errors()
    def is_whole(self, model_id: str) -> bool:
        """Whether everything of a model is there: its clusters are written last and deleted first."""
        return self._clusters.find_one({"model_id": model_id}, {"_id": 1}) is not None

    @translated_errors()
    def whole_ids(self) -> set[str]:
        """Ids of all models that are whole."""
        return {group["_id"] for group in self._clusters.aggregate([{"$group": {"_id": "$model_id"}}])}

    @translated_errors()
    def whole_among(self, model_ids: Iterable[str]) -> set[str]:
        """Which of these models are whole."""
        found = self._clusters.find({"model_id": {"$in": list(model_ids)}}, {"_id": 0, "model_id": 1})
        return {document["model_id"] for document in found}

    @translated_errors()
    def clusters(self, model_id: str) -> list[Cluster]:
        """The clusters of a model, by number."""
        found = self._clusters.find({"model_id": model_id}, {"centroid": 0}).sort("number", ASCENDING)
        return [to_cluster(document) for document in found]

    @translated_errors()
    def cluster_members(self, model_id: str, number: int, *, skip: int, limit: int) -> list[Assignment]:
        """Tracks of a cluster, the most typical first."""
        query = {"model_id": model_id, "cluster": number}
        found = self._assignments.find(query).sort("distance", ASCENDING).skip(skip).limit(limit)
        return [to_assignment(document) for document in found]

    @translated_errors()
    def assignment(self, model_id: str, track_id: str) -> Assignment | None:
        """The cluster of one track."""
        document = self._assignments.find_one({"_id": f"{model_id}:{track_id}"})
        return to_assignment(document) if document else None

    @translated_errors()
    def neighbours(self, model_id: str, track_id: str) -> list[Neighbour] | None:
        """Ranked neighbours of a track, nearest first; None if the model does not know the track."""
        document = self._neighbours.find_one({"_id": f"{model_id}:{track_id}"})
        if document is None:
            return None
        return list(unpack_neighbours(document))

    @translated_errors()
    def lists_of(self, model_id: str, track_ids: Iterable[str]) -> list[RankedList]:
        """Ranked neighbours of many tracks; without those that the model does not know."""
        found = self._neighbours.find({"_id": {"$in": [f"{model_id}:{track_id}" for track_id in track_ids]}})
        return [RankedList(one["track_id"], unpack_neighbours(one), one.get("revision", 0)) for one in found]

    def read_lists(self, model_id: str, track_ids: Iterable[str] | None = None) -> Iterator[tuple[str, list[str]]]:
        """Tracks of a model in order of id, each with its neighbours, nearest first.

        Parameters
        ----------
        track_ids : iterable of str or None
            Only these; None for all.
        """
        ids: dict[str, Any] = {"$gte": f"{model_id}:", "$lt": f"{model_id};"}
        if track_ids is not None:
            ids = {"$in": [f"{model_id}:{track_id}" for track_id in track_ids]}
        with translated_errors():
            for document in self._neighbours.find({"_id": ids}).sort("_id", ASCENDING):
                yield document["track_id"], [near.track_id for near in unpack_neighbours(document)]

    def _put_many(self, collection: Any, documents: Iterable[dict[str, Any]]) -> None:
        for batch in batched(documents, _WRITE_BATCH):
            put_documents(collection, batch)


def _from_list(model_id: str, track_id: str, ranked: Sequence[Neighbour]) -> dict[str, Any]:
    return {"_id": f"{model_id}:{track_id}", "model_id": model_id, "track_id": track_id, **pack_neighbours(ranked)}


def to_cluster(document: dict[str, Any]) -> Cluster:
    """A cluster as it is stored, without its centroid."""
    return Cluster(document["number"], document["name"], document["size"])


def to_assignment(document: dict[str, Any]) -> Assignment:
    """An assignment as it is stored."""
    return Assignment(
        document["track_id"],
        document["cluster"],
        document["distance"],
        # Models of before these were kept go on being served.
        tuple(document.get("place", (0.0, 0.0))),
        tuple(document.get("surroundings", (0.0, 0.0))),
    )
