"""Features: one immutable summary vector per (audio_id, feature_version).

The ``_id`` is ``feature_version:audio_id``. What concerns a version, or a range of one, goes by an index of its own:
for a range of ``_id`` the embedded server reads the whole collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from earwise.store.bulk import FOUND_AT_ONCE, delete_found, insert_missing
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors
from earwise.store.vectors import Vector, pack_vector, unpack_vector


@dataclass(frozen=True, slots=True)
class TrackFeatures:
    """What was heard in a recording.

    Attributes
    ----------
    vector : ndarray [shape=(n_features,), dtype=float32]
        The summary vector.
    decoder : str
        Which decoder gave the samples.
    """

    audio_id: str
    feature_version: str
    vector: Vector
    decoder: str


class Features:
    """The ``features`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._features = database["features"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that versions and ranges of them are read by; all else goes by ``_id``."""
        ensure_index(self._features, [("feature_version", ASCENDING), ("audio_id", ASCENDING)])

    @translated_errors()
    def put(self, features: TrackFeatures, now: datetime) -> None:
        """Write the features unless they are there: the first to arrive stays."""
        self.put_many([features], now)

    @translated_errors()
    def put_many(self, features: Iterable[TrackFeatures], now: datetime) -> None:
        """Write the features of several recordings in one round trip, each unless it is there."""
        insert_missing(self._features, [_from_features(one, now) for one in features])

    @translated_errors()
    def versions_of(self, audio_id: str, versions: Iterable[str]) -> frozenset[str]:
        """Those of the versions in which this recording needs no decoding."""
        ids = {feature_id(version, audio_id): version for version in versions}
        return frozenset(ids[found["_id"]] for found in self._features.find({"_id": {"$in": list(ids)}}, {"_id": 1}))

    @translated_errors()
    def has(self, audio_id: str, feature_version: str) -> bool:
        """Whether this recording needs no decoding in this version."""
        return self._features.find_one({"_id": feature_id(feature_version, audio_id)}, {"_id": 1}) is not None

    @translated_errors()
    def get(self, audio_id: str, feature_version: str) -> TrackFeatures | None:
        """The features of one recording in one version."""
        document = self._features.find_one({"_id": feature_id(feature_version, audio_id)})
        return _to_features(document) if document else None

    @translated_errors()
    def remove(self, audio_ids: Iterable[str], feature_version: str) -> None:
        """Delete the features of these recordings in one version."""
        ids = [feature_id(feature_version, audio_id) for audio_id in audio_ids]
        self._features.delete_many({"_id": {"$in": ids}})

    @translated_errors()
    def count(self, feature_version: str) -> int:
        """How many recordings have features in this version."""
        return self._features.count_documents({"feature_version": feature_version})

    @translated_errors()
    def count_extracted(self, audio_ids: Iterable[str], feature_version: str, at: datetime) -> int:
        """How many of these recordings got their features of this version in the run of this time."""
        ids = {feature_id(feature_version, audio_id) for audio_id in audio_ids}
        return sum(
            self._features.count_documents({"_id": {"$in": some}, "extracted_at": at})
            for some in batched(ids, FOUND_AT_ONCE)
        )

    @translated_errors()
    def versions(self) -> list[str]:
        """The versions that features are stored in, in order."""
        found: list[str] = []
        # From the first document of one version to the first of the next: a query each, and not one per document.
        while document := self._features.find_one(
            {"feature_version": {"$gt": found[-1] if found else ""}},
            {"feature_version": 1},
            sort=[("feature_version", ASCENDING)],
        ):
            found.append(document["feature_version"])
        return found

    @translated_errors()
    def delete_version(self, feature_version: str) -> int:
        """Delete all features of one version; returns how many there were."""
        return delete_found(self._features, {"feature_version": feature_version})

    def audio_ids(self, feature_version: str, *, most: int = 0) -> Iterator[str]:
        """The recordings that have features in this version, in order; at most so many of them, if 1 or more."""
        with translated_errors():
            query = {"feature_version": feature_version}
            for document in self._features.find(query, {"audio_id": 1}).sort("audio_id", ASCENDING).limit(most):
                yield document["audio_id"]

    def of_version(self, feature_version: str) -> Iterator[TrackFeatures]:
        """All features of one version, in order of ``audio_id``."""
        return self._read({"feature_version": feature_version})

    def read_range(self, feature_version: str, first_id: str, end_id: str) -> Iterator[TrackFeatures]:
        """Features of one version with ``first_id <= audio_id < end_id``, in order of ``audio_id``."""
        return self._read({"feature_version": feature_version, "audio_id": {"$gte": first_id, "$lt": end_id}})

    def _read(self, query: dict[str, Any]) -> Iterator[TrackFeatures]:
        with translated_errors():
            for document in self._features.find(query).sort("audio_id", ASCENDING):
                yield _to_features(document)


def _from_features(features: TrackFeatures, now: datetime) -> dict[str, Any]:
    return {
        "_id": feature_id(features.feature_version, features.audio_id),
        "audio_id": features.audio_id,
        "feature_version": features.feature_version,
        "vector": pack_vector(features.vector),
        "decoder": features.decoder,
        "extracted_at": now,
    }


def feature_id(feature_version: str, audio_id: str) -> str:
    """The ``_id`` of a features document."""
    return f"{feature_version}:{audio_id}"


def _to_features(document: dict[str, Any]) -> TrackFeatures:
    return TrackFeatures(
        audio_id=document["audio_id"],
        feature_version=document["feature_version"],
        vector=unpack_vector(document["vector"]),
        decoder=document["decoder"],
    )
