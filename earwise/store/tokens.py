"""Access tokens: what programs show in place of a password. Only a digest of each is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import PyMongoError

from earwise.errors import TooManyTokensError
from earwise.store.acknowledged import acknowledged_collection
from earwise.store.index_builds import ensure_index
from earwise.store.listeners import Listener, to_listener
from earwise.store.translation import translated_errors

MOST_TOKENS = 50
# The time of last use is written this seldom, so that a request that only reads hardly ever writes.
_USE_NOTED_EVERY = timedelta(minutes=5)
# Begins with a name, so that those who look for secrets in files find them. The rest is 256 random bits: nobody
# guesses them, which is why a plain digest does where a password needs Argon2.
_FORM = re.compile(r"earwise_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it in a list; what it is shown by is known at its making alone.

    Attributes
    ----------
    used_at : datetime or None
        When it was last shown, to within five minutes; None before the first time.
    """

    token_id: str
    name: str
    created_at: datetime
    used_at: datetime | None


class Tokens:
    """The ``tokens`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._tokens = acknowledged_collection(database, "tokens")

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that lists use."""
        ensure_index(self._tokens, [("listener_id", ASCENDING), ("created_at", ASCENDING)])

    @translated_errors()
    def create(self, listener_id: str, name: str, now: datetime) -> str:
        """Make a token and return what it is shown by, which is not kept.

        Raises
        ------
        TooManyTokensError
            If the listener has `MOST_TOKENS` already.
        """
        if self._tokens.count_documents({"listener_id": listener_id}) >= MOST_TOKENS:
            raise TooManyTokensError(f"There are {MOST_TOKENS} tokens already. Revoke one first.")
        token_id, secret = secrets.token_hex(8), secrets.token_hex(32)
        self._tokens.insert_one(
            {
                "_id": token_id,
                "listener_id": listener_id,
                "name": name,
                "digest": _digest(secret),
                "created_at": now,
                "used_at": None,
            }
        )
        return f"earwise_{token_id}_{secret}"

    @translated_errors()
    def of(self, listener_id: str) -> list[Token]:
        """All tokens of a listener, the oldest first."""
        found = self._tokens.find({"listener_id": listener_id}).sort("created_at", ASCENDING)
        return [Token(one["_id"], one["name"], one["created_at"], one["used_at"]) for one in found]

    @translated_errors()
    def find_owner(self, shown: str, now: datetime) -> Listener | None:
        """The listener whose token this is, in one query; None where it is nobody's."""
        form = _FORM.fullmatch(shown)
        if form is None:
            return None
        owner = {"from": "users", "localField": "listener_id", "foreignField": "_id", "as": "owner"}
        found = next(self._tokens.aggregate([{"$match": {"_id": form[1]}}, {"$lookup": owner}]), None)
        if found is None or not found["owner"] or not hmac.compare_digest(found["digest"], _digest(form[2])):
            return None
        if found["used_at"] is None or now - found["used_at"] >= _USE_NOTED_EVERY:
            with suppress(PyMongoError):  # a full disk is no reason to refuse reading
                self._tokens.update_one({"_id": form[1]}, {"$set": {"used_at": now}})
        return to_listener(found["owner"][0])

    @translated_errors()
    def revoke(self, listener_id: str, token_id: str) -> bool:
        """Let a token be good no more; whether the listener had it."""
        return bool(self._tokens.delete_one({"_id": token_id, "listener_id": listener_id}).deleted_count)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
