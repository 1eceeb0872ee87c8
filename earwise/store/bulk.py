"""Reading and writing many documents at once, in portions that suit the embedded server.

What is written is inserted, and looked at one by one only where it is there already: an upsert of a new document takes
that server 6 ms, an insert 0.5 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from typing import Any

from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000
# The embedded server makes one transaction of a statement, and stands still for ever once the pages that one changes
# fill a fifth of its cache (0.7.0b3). A document under many keys of an index changes as many pages.
_MOST_AT_ONCE = 1_000
#: Documents in one statement where an index holds dozens of keys for each.
MANY_KEYED_AT_ONCE = 20
#: Ids to ask for in one query. The embedded server compares each document that it finds with all ids asked for: 25 take
#: it 2 ms, 50 take 6, 100 take 16.
FOUND_AT_ONCE = 150
#: Documents to delete in one statement, which compares them in the same way and has its pages changed besides.
DELETED_AT_ONCE = 25

type Document = dict[str, Any]


def insert_missing(
    collection: Collection[Document], documents: Sequence[Document], *, at_once: int = _MOST_AT_ONCE
) -> list[Document]:
    """Write documents with ids of their own, each unless it is there; returns those that were."""
    return [present for some in batched(documents, at_once) for present in _insert_missing(collection, some)]


def put_documents(
    collection: Collection[Document], documents: Sequence[Document], *, at_once: int = _MOST_AT_ONCE
) -> None:
    """Write documents with ids of their own, in place of those that are there."""
    present = insert_missing(collection, documents, at_once=at_once)
    for some in batched(present, at_once):
        collection.bulk_write([ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in some], ordered=False)


def delete_found(collection: Collection[Document], query: Mapping[str, Any], *, at_once: int = DELETED_AT_ONCE) -> int:
    """Delete all documents that a query finds, however many or large they are; returns how many there were."""
    return sum(
        collection.delete_many({"_id": {"$in": some}}).deleted_count
        for some in ids_in_portions(collection, query, at_once)
    )


def ids_in_portions(collection: Collection[Document], query: Mapping[str, Any], at_once: int) -> Iterator[list[Any]]:
    """Ids of all documents that a query finds, so many at once."""
    for some in batched(collection.find(query, {"_id": 1}), at_once):
        yield [document["_id"] for document in some]


def _insert_missing(collection: Collection[Document], documents: Sequence[Document]) -> list[Document]:
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        errors = error.details.get("writeErrors", [])
        if error.details.get("writeConcernErrors") or any(one["code"] != _DUPLICATE_KEY for one in errors):
            raise
        return [documents[one["index"]] for one in errors]
    return []
