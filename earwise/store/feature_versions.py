"""Feature versions: the parameters behind each version's name, so that it can go on after the configuration changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.database import Database

from earwise.store.translation import translated_errors


class FeatureVersions:
    """The ``feature_versions`` collection: one document for each version that was ever extracted."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._versions = database["feature_versions"]

    @translated_errors()
    def put(self, feature_version: str, parameters: Mapping[str, int | float], now: datetime) -> None:
        """Note what a version means, unless it is known; a version never changes its meaning."""
        if self._versions.find_one({"_id": feature_version}, {"_id": 1}) is None:
            document = {"parameters": dict(parameters), "first_used_at": now}
            self._versions.update_one({"_id": feature_version}, {"$setOnInsert": document}, upsert=True)

    @translated_errors()
    def get(self, feature_version: str) -> Mapping[str, int | float] | None:
        """The parameters of a version; None where it was never noted."""
        document = self._versions.find_one({"_id": feature_version})
        return document["parameters"] if document else None
