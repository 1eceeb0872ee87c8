"""The library's vocabulary: every word of its titles, artists, albums and genres, and how it is found when misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from earwise.store.bulk import MANY_KEYED_AT_ONCE, put_documents
from earwise.store.index_builds import ensure_index
from earwise.store.spelling import shortened, word_keys
from earwise.store.translation import translated_errors

_WRITE_BATCH = 500
_MOST_CANDIDATES = 2_000


class Words:
    """The ``words`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._words = database["words"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that the query below uses."""
        ensure_index(self._words, [("keys", ASCENDING)])

    @translated_errors()
    def put_all(self, counts: Mapping[str, int]) -> None:
        """Let these be the words, with the number of tracks that hold each; writes what changed."""
        kept = {document["_id"]: document["tracks"] for document in self._words.find({}, {"tracks": 1})}
        changed = (
            {"_id": word, "tracks": count, "keys": sorted(word_keys(word))}
            for word, count in counts.items()
            if kept.get(word) != count
        )
        for batch in batched(changed, _WRITE_BATCH):
            put_documents(self._words, batch, at_once=MANY_KEYED_AT_ONCE)
        for gone in batched((word for word in kept if word not in counts), _WRITE_BATCH):
            self._words.delete_many({"_id": {"$in": list(gone)}})

    @translated_errors()
    def near(self, words: Iterable[str]) -> dict[str, int]:
        """Words of the library that one of these may have been meant for, with their numbers of tracks."""
        keys = sorted({key for word in words for key in (word, *shortened(word))})
        wanted = {"keys": {"$in": keys}}
        found = self._words.find(wanted, {"tracks": 1}, batch_size=_MOST_CANDIDATES).limit(_MOST_CANDIDATES)
        return {document["_id"]: document["tracks"] for document in found}
