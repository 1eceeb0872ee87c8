"""Creates indexes so that a server which is killed meanwhile leaves no part of one.

The embedded server keeps what it had of an index when it was killed (measured on 0.7.0b3: 31 of 20,000 entries), and
answers by that part as if it were all. So a note stands beside the collections while an index of documents is built.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from earwise.store.translation import translated_errors

_NOTES = "index_builds"

type Keys = str | Sequence[tuple[str, int]]


def ensure_index(collection: Collection[dict[str, Any]], keys: Keys, *, unique: bool = False) -> None:
    """Create an index unless it is there."""
    fields = [(keys, ASCENDING)] if isinstance(keys, str) else keys
    name = "_".join(f"{field}_{direction}" for field, direction in fields)
    if name in collection.index_information():
        return
    notes, note = collection.database[_NOTES], {"_id": f"{collection.name} {name}"}
    is_noted = collection.find_one({}, {"_id": 1}) is not None
    if is_noted:
        notes.replace_one(note, note, upsert=True)
    collection.create_index(fields, name=name, unique=unique)
    if is_noted:
        notes.delete_one(note)


class IndexBuilds:
    """The ``index_builds`` collection: indexes that are being built."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    @translated_errors()
    def create_indexes(self) -> None:
        """Drop every index whose building was broken off; to be called before indexes are ensured."""
        notes = self._database[_NOTES]
        for note in list(notes.find()):
            collection, _, name = note["_id"].partition(" ")
            with contextlib.suppress(OperationFailure):  # it had not begun
                self._database[collection].drop_index(name)
            notes.delete_one(note)
