"""Aliases: tracks that became another, because their file was encoded anew in its place.

What listeners made of the old track follows to the new one; an alias stays after that, for pages and links that name
the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors


class Aliases:
    """The ``aliases`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._aliases = database["aliases"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._aliases, [("track_id", ASCENDING)])
        ensure_index(self._aliases, [("is_followed", ASCENDING)])

    @translated_errors()
    def put(self, old_id: str, new_id: str, now: datetime) -> None:
        """Let a track be another from now on, and all that had become it too. Safe to repeat.

        The new one has a file, so it is no alias itself: neither a chain nor a circle comes of this.
        """
        self._aliases.delete_one({"_id": new_id})
        self._aliases.update_many({"track_id": old_id}, {"$set": {"track_id": new_id}})
        alias = {"_id": old_id, "track_id": new_id, "is_followed": False, "since": now}
        self._aliases.replace_one({"_id": old_id}, alias, upsert=True)

    @translated_errors()
    def remove(self, track_ids: Iterable[str]) -> None:
        """Let these tracks be themselves: they have a file again."""
        self._aliases.delete_many({"_id": {"$in": list(track_ids)}})

    @translated_errors()
    def resolve(self, track_ids: Iterable[str]) -> dict[str, str]:
        """What those of these tracks have become that became another, by their own id."""
        found = self._aliases.find({"_id": {"$in": list(track_ids)}})
        return {document["_id"]: document["track_id"] for document in found}

    @translated_errors()
    def former_ids(self, track_id: str) -> list[str]:
        """The tracks that have become this one."""
        return [document["_id"] for document in self._aliases.find({"track_id": track_id})]

    @translated_errors()
    def pending(self, before: datetime | None = None) -> list[tuple[str, str]]:
        """Old and new id of the aliases whose listeners' documents have not all followed yet, the oldest first.

        Parameters
        ----------
        before : datetime or None
            Those alone that are older than this; all where it is None.
        """
        which: dict[str, Any] = {"is_followed": False} | ({} if before is None else {"since": {"$lt": before}})
        found = self._aliases.find(which).sort([("since", ASCENDING), ("_id", ASCENDING)])
        return [(document["_id"], document["track_id"]) for document in found]

    @translated_errors()
    def mark_followed(self, old_id: str, new_id: str) -> None:
        """Note that every document has followed, unless the alias has meanwhile changed."""
        self._aliases.update_one({"_id": old_id, "track_id": new_id}, {"$set": {"is_followed": True}})
