"""Logical dumps: whole collections as lines of extended JSON, readable by any MongoDB tool."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from bson.json_util import CANONICAL_JSON_OPTIONS, dumps, loads
from pymongo import ASCENDING, ReplaceOne, WriteConcern
from pymongo.errors import InvalidName

from earwise.errors import StoreError
from earwise.store.client import Store
from earwise.store.translation import translated_errors


def dump_collection(store: Store, database: str, name: str) -> Iterator[str]:
    """Every document of a collection, one line each, in order of ``_id``."""
    with translated_errors():
        for document in store.client[database][name].find().sort("_id", ASCENDING):
            yield dumps(document, json_options=CANONICAL_JSON_OPTIONS)


def restore_collection(store: Store, database: str, name: str, lines: Iterable[str]) -> int:
    """Write dumped documents back; safe to repeat.

    Returns
    -------
    int
        How many documents there were.

    Raises
    ------
    StoreError
        If a line is not a document.
    """
    try:
        documents = [loads(line, json_options=CANONICAL_JSON_OPTIONS) for line in lines if line.strip()]
        replacements = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
    except (json.JSONDecodeError, ValueError, KeyError, TypeError, InvalidName) as error:
        raise StoreError(f"The dump of {name} is damaged: {error}") from error
    if replacements:
        with translated_errors():
            collection = store.client[database].get_collection(name, write_concern=WriteConcern("majority", j=True))
            collection.bulk_write(replacements, ordered=False)
    return len(documents)
