"""Collections that listeners write to: what was answered is on disk of a majority, whatever happens next."""

from __future__ import annotations

from typing import Any

from pymongo import WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database


def acknowledged_collection(database: Database[dict[str, Any]], name: str) -> Collection[dict[str, Any]]:
    """The collection with ``w=majority`` and ``j=true``."""
    return database.get_collection(name, write_concern=WriteConcern("majority", j=True))
