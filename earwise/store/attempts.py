"""Attempts: how often something was tried within a window of time, counted for all processes together.

The embedded server has no expiry of its own that can be relied on: whoever opens a window sweeps out all that are over.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from earwise.errors import StoreError
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors

_TRIES = 20


@dataclass(frozen=True, slots=True)
class Count:
    """How often a thing was tried in the window that ends then."""

    number: int
    ends_at: datetime


class Attempts:
    """The ``attempts`` collection: one document per thing, for as long as its window lasts."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._attempts = database["attempts"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index by which old windows are found."""
        ensure_index(self._attempts, [("ends_at", ASCENDING)])

    @translated_errors()
    def count(self, key: str, *, window_s: int, now: datetime) -> Count:
        """Count one more attempt, the first of which opens a window; of many at once, each gets another number."""
        for _ in range(_TRIES):
            document = self._attempts.find_one_and_update(
                {"_id": key, "ends_at": {"$gt": now}},
                {"$inc": {"number": 1}},
                return_document=ReturnDocument.AFTER,
            )
            if document:
                return Count(document["number"], document["ends_at"])
            # Opened apart from counting, which the embedded server does twice where many upsert at once.
            self._attempts.delete_many({"ends_at": {"$lte": now}})
            opened = {"number": 0, "ends_at": now + timedelta(seconds=window_s)}
            with suppress(DuplicateKeyError):
                self._attempts.update_one({"_id": key}, {"$setOnInsert": opened}, upsert=True)
        raise StoreError("Attempts can't be counted just now.")

    @translated_errors()
    def forgive(self, key: str) -> None:
        """Take one attempt back: it was none."""
        self._attempts.update_one({"_id": key, "number": {"$gt": 0}}, {"$inc": {"number": -1}})
