"""Documents that stand for all there is, written again and again: only what changed is written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Set
from itertools import batched
from typing import Any

from bson import encode
from pymongo.collection import Collection

from earwise.store.bulk import put_documents

_DIGEST_DIGITS = 24


def seal(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """A document of this content under this id, with a digest by which a changed one is told."""
    return {"_id": name, "digest": hashlib.sha256(encode(content)).hexdigest()[:_DIGEST_DIGITS], **content}


def replace_all(
    collection: Collection[dict[str, Any]],
    sealed: Iterable[dict[str, Any]],
    *,
    at_once: int,
    keep: Set[str] = frozenset(),
) -> int:
    """Let these be the documents: write those that changed, then take out those that are gone.

    Parameters
    ----------
    at_once : int
        Documents of one statement.
    keep : set of str
        Ids of documents that are none of them and stay.

    Returns
    -------
    int
        How many were written.
    """
    present = {document["_id"]: document["digest"] for document in collection.find({}, {"digest": 1})}
    gone, written = set(present) - keep, 0
    for batch in batched(sealed, at_once):
        changed = [document for document in batch if present.get(document["_id"]) != document["digest"]]
        gone.difference_update(document["_id"] for document in batch)
        put_documents(collection, changed)
        written += len(changed)
    for old in batched(sorted(gone), at_once):
        collection.delete_many({"_id": {"$in": list(old)}})
    return written
