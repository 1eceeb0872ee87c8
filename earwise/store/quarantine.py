"""Quarantine: files that did not become tracks, each with a code and a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.bulk import FOUND_AT_ONCE, ids_in_portions
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file that failed.

    Attributes
    ----------
    code : str
        `TrackError.code` of the fault.
    message : str
        One sentence for people.
    attempts : int
        How often it was tried, as it is now or as it was before.
    is_retry_requested : bool
        Whether the next run shall try it again although it has not changed.
    knocks : int
        How often it was looked for since, to be tried again.
    knocked_at : datetime or None
        When that was last.
    """

    location: LibraryPath
    code: str
    message: str
    attempts: int
    first_seen: datetime
    last_seen: datetime
    is_retry_requested: bool = False
    knocks: int = 0
    knocked_at: datetime | None = None

    @property
    def last_tried(self) -> datetime:
        """When it was last tried, or looked for."""
        return max(self.last_seen, self.knocked_at or self.last_seen)


class Quarantine:
    """The ``quarantine`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._files = database["quarantine"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that `recent`, `with_codes` and `retries` use."""
        ensure_index(self._files, [("last_seen", DESCENDING)])
        ensure_index(self._files, [("code", ASCENDING)])
        ensure_index(self._files, [("retry_requested", ASCENDING)])

    @translated_errors()
    def put(self, location: LibraryPath, code: str, message: str, now: datetime) -> None:
        """Record that a file failed, once more if it did before; from now on it is looked for as often as a new one."""
        self._files.update_one(
            {"_id": location.key},
            {
                "$set": {"code": code, "message": message, "last_seen": now},
                "$inc": {"attempts": 1},
                "$unset": {"retry_requested": "", "knocks": "", "knocked_at": ""},
                "$setOnInsert": {
                    "root": location.root,
                    "path": Binary(location.path),
                    "display": location.display,
                    "first_seen": now,
                },
            },
            upsert=True,
        )

    @translated_errors()
    def remove(self, location: LibraryPath) -> None:
        """Release a file: it became a track, or it is gone."""
        self._files.delete_one({"_id": location.key})

    @translated_errors()
    def remove_many(self, locations: Iterable[LibraryPath]) -> None:
        """Release several files in one round trip."""
        self._files.delete_many({"_id": {"$in": [location.key for location in locations]}})

    @translated_errors()
    def request_retry(self, key: str | None = None) -> int:
        """Have the next run try a file again although it has not changed; how many files will be.

        Parameters
        ----------
        key : str or None
            `LibraryPath.key` of the file; None for every file in quarantine.
        """
        which = {} if key is None else {"_id": key}
        change = {"$set": {"retry_requested": True}}
        return sum(
            self._files.update_many({"_id": {"$in": some}}, change).matched_count
            for some in ids_in_portions(self._files, which, FOUND_AT_ONCE)
        )

    @translated_errors()
    def retries(self) -> list[QuarantinedFile]:
        """The files that shall be tried again."""
        return [_to_file(document) for document in self._files.find({"retry_requested": True})]

    @translated_errors()
    def count_retries(self) -> int:
        """How many files shall be tried again."""
        return self._files.count_documents({"retry_requested": True})

    @translated_errors()
    def forget_retry(self, location: LibraryPath) -> None:
        """Take back that a file shall be tried again."""
        self._files.update_one({"_id": location.key}, {"$unset": {"retry_requested": ""}})

    @translated_errors()
    def note_knocks(self, locations: Iterable[LibraryPath], now: datetime) -> None:
        """Note that files are looked for."""
        for some in batched((location.key for location in locations), FOUND_AT_ONCE):
            change = {"$inc": {"knocks": 1}, "$set": {"knocked_at": now}}
            self._files.update_many({"_id": {"$in": some}}, change)

    @translated_errors()
    def get(self, location: LibraryPath) -> QuarantinedFile | None:
        """What is recorded of a file, if anything is."""
        document = self._files.find_one({"_id": location.key})
        return _to_file(document) if document else None

    @translated_errors()
    def with_codes(self, codes: Iterable[str]) -> list[QuarantinedFile]:
        """All files that failed with one of these codes."""
        return [_to_file(document) for document in self._files.find({"code": {"$in": list(codes)}})]

    @translated_errors()
    def count(self) -> int:
        """How many files are in quarantine."""
        return self._files.count_documents({})

    @translated_errors()
    def count_by_code(self) -> dict[str, int]:
        """How many files are in quarantine for each code."""
        groups = self._files.aggregate([{"$group": {"_id": "$code", "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}])
        return {group["_id"]: group["count"] for group in groups}

    @translated_errors()
    def count_codes(self, locations: Iterable[LibraryPath]) -> dict[str, int]:
        """How many of these files are in quarantine for each code."""
        counts = Counter[str]()
        for some in batched({location.key for location in locations}, FOUND_AT_ONCE):
            counts.update(document["code"] for document in self._files.find({"_id": {"$in": some}}, {"code": 1}))
        return dict(counts)

    @translated_errors()
    def those_of(self, locations: Iterable[LibraryPath]) -> frozenset[LibraryPath]:
        """Those of these files that are in quarantine."""
        by_key = {location.key: location for location in locations}
        found = (self._files.find({"_id": {"$in": some}}, {"_id": 1}) for some in batched(by_key, FOUND_AT_ONCE))
        return frozenset(by_key[document["_id"]] for document in chain.from_iterable(found))

    @translated_errors()
    def recent(self, *, skip: int = 0, limit: int) -> list[QuarantinedFile]:
        """The files that failed last, newest first."""
        found = self._files.find().sort([("last_seen", DESCENDING), ("_id", ASCENDING)]).skip(skip).limit(limit)
        return [_to_file(document) for document in found]


def _to_file(document: dict[str, Any]) -> QuarantinedFile:
    return QuarantinedFile(
        location=LibraryPath(document["root"], bytes(document["path"])),
        code=document["code"],
        message=document["message"],
        attempts=document["attempts"],
        first_seen=document["first_seen"],
        last_seen=document["last_seen"],
        is_retry_requested=document.get("retry_requested", False),
        knocks=document.get("knocks", 0),
        knocked_at=document.get("knocked_at"),
    )
