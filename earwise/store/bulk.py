"""Writing many documents at once: inserted, and looked at one by one only where they are there already.

An upsert of a new document takes the embedded server 6 ms, an insert 0.5 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

_DUPLICATE_KEY = 11000

type Document = dict[str, Any]


def insert_missing(collection: Collection[Document], documents: Sequence[Document]) -> list[Document]:
    """Write documents with ids of their own, each unless it is there; returns those that were."""
    if not documents:
        return []
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        errors = error.details.get("writeErrors", [])
        if error.details.get("writeConcernErrors") or any(one["code"] != _DUPLICATE_KEY for one in errors):
            raise
        return [documents[one["index"]] for one in errors]
    return []


def put_documents(collection: Collection[Document], documents: Sequence[Document]) -> None:
    """Write documents with ids of their own, in place of those that are there."""
    present = insert_missing(collection, documents)
    if present:
        collection.bulk_write([ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in present], ordered=False)
