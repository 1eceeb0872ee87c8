"""Attempts: how often something was tried within a window of time, counted for all processes together.

The embedded server has no expiry of its own that can be relied on, so that each new window sweeps out the old ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.database import Database

from earwise.store.translation import translated_errors


@dataclass(frozen=True, slots=True)
class Count:
    """How often a thing was tried in the window that ends then."""

    number: int
    ends_at: datetime


class Attempts:
    """The ``attempts`` collection: one document per thing and window."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._attempts = database["attempts"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index by which old windows are found."""
        self._attempts.create_index([("ends_at", ASCENDING)])

    @translated_errors()
    def count(self, key: str, *, window_s: int, now: datetime) -> Count:
        """Count one more attempt; of many at once, each gets another number."""
        ends_at = _end_of_window(now, window_s)
        document = self._attempts.find_one_and_update(
            {"_id": _id(key, ends_at)},
            {"$inc": {"number": 1}, "$setOnInsert": {"ends_at": ends_at}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        number = document["number"] if document else 1
        if number == 1:
            self._attempts.delete_many({"ends_at": {"$lt": now}})
        return Count(number, ends_at)

    @translated_errors()
    def forgive(self, key: str, *, window_s: int, now: datetime) -> None:
        """Take one attempt back: it was none."""
        identifier = _id(key, _end_of_window(now, window_s))
        self._attempts.update_one({"_id": identifier, "number": {"$gt": 0}}, {"$inc": {"number": -1}})


def _end_of_window(now: datetime, window_s: int) -> datetime:
    return datetime.fromtimestamp((now.timestamp() // window_s + 1) * window_s, UTC)


def _id(key: str, ends_at: datetime) -> str:
    return f"{key} {ends_at:%Y-%m-%dT%H:%M:%SZ}"
