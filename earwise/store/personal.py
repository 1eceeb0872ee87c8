"""Everything that is kept about one listener: given out whole, and erased whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from earwise.store.acknowledged import acknowledged_collection
from earwise.store.translation import translated_errors

#: Collections whose documents name their owner in ``listener_id``.
PERSONAL = ("ratings", "thumbs", "playlists", "events", "tokens")
_SECRET = {"password_hash": 0, "sessions": 0, "digest": 0, "listener_id": 0, "name_key": 0, "on_seed": 0}


class Personal:
    """The account of a listener and all documents that are the listener's."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._users = acknowledged_collection(database, "users")
        self._collections = {name: acknowledged_collection(database, name) for name in PERSONAL}

    @translated_errors()
    def account(self, listener_id: str) -> dict[str, Any] | None:
        """The account as it is kept, without what proves who somebody is."""
        return self._users.find_one({"_id": listener_id}, _SECRET)

    def documents(self, listener_id: str, name: str) -> Iterator[dict[str, Any]]:
        """The listener's documents of one of the `PERSONAL` collections, as they are kept, without secrets."""
        with translated_errors():
            yield from self._collections[name].find({"listener_id": listener_id}, _SECRET)

    @translated_errors()
    def erase(self, listener_id: str) -> None:
        """Delete the account and everything of it; the account last, so that it can be repeated after a fault."""
        self._users.update_one({"_id": listener_id}, {"$set": {"sessions": []}})
        self._erase_documents(listener_id)
        self._users.delete_one({"_id": listener_id})
        # Once more, for what a request wrote that was under way when the sessions ended.
        self._erase_documents(listener_id)

    def _erase_documents(self, listener_id: str) -> None:
        for collection in self._collections.values():
            collection.delete_many({"listener_id": listener_id})
