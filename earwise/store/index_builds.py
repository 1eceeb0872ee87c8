"""Creates indexes so that a server which is killed meanwhile leaves no part of one.

The embedded server keeps what it had of an index when it was killed (measured on 0.7.0b3: 31 of 20,000 entries), and
answers by that part as if it were all. So a note stands beside the collections while an index of documents is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from earwise.store.translation import translated_errors

_NOTES = "index_builds"
# A younger note may be of a process that is building at this moment; a million documents take less.
_LONGEST_BUILD = timedelta(minutes=10)
_NOT_FOUND = frozenset((26, 27))  # NamespaceNotFound, IndexNotFound

type Keys = str | Sequence[tuple[str, int]]


def ensure_index(collection: Collection[dict[str, Any]], keys: Keys, *, unique: bool = False) -> None:
    """Create an index unless it is there."""
    fields = [(keys, ASCENDING)] if isinstance(keys, str) else keys
    name = "_".join(f"{field}_{direction}" for field, direction in fields)
    if name in collection.index_information():
        return
    notes = collection.database[_NOTES]
    note = {"_id": f"{collection.name} {name}", "begun_at": datetime.now(UTC)}
    is_noted = collection.find_one({}, {"_id": 1}) is not None
    if is_noted:
        notes.replace_one({"_id": note["_id"]}, note, upsert=True)
    collection.create_index(fields, name=name, unique=unique)
    if is_noted:
        notes.delete_one({"_id": note["_id"]})


class IndexBuilds:
    """The ``index_builds`` collection: indexes that are being built."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    @translated_errors()
    def drop_broken_off(self, *, is_nobody_building: bool) -> None:
        """Drop every index whose building was broken off; to be called before indexes are ensured.

        Parameters
        ----------
        is_nobody_building : bool
            Whether the server has only just been started, so that no note is of a building that goes on.
        """
        notes, oldest = self._database[_NOTES], datetime.now(UTC) - _LONGEST_BUILD
        for note in list(notes.find()):
            if is_nobody_building or note.get("begun_at", oldest) <= oldest:
                self._drop(*note["_id"].split(" ", 1))
                notes.delete_one({"_id": note["_id"]})

    def _drop(self, collection: str, name: str) -> None:
        try:
            self._database[collection].drop_index(name)
        except OperationFailure as error:
            if error.code not in _NOT_FOUND:  # else its building had not begun
                raise
