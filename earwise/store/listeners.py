"""Listeners: the accounts. Writes are acknowledged by a majority and on disk: nobody signs up twice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo.database import Database

from earwise.store.acknowledged import acknowledged_collection
from earwise.store.index_builds import ensure_index
from earwise.store.search import fold_text
from earwise.store.translation import translated_errors

# Logging in once more ends the oldest session: an account's document stays small.
_MOST_SESSIONS = 50


class Role(StrEnum):
    """What an account may do."""

    LISTENER = "listener"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Listener:
    """An account.

    Attributes
    ----------
    listener_id : str
        Random, never used again.
    name : str
        As typed at sign-up; unique when case and accents are folded.
    password_hash : str
        Argon2id, in the PHC string format.
    sessions : frozenset of str
        Ids of the sessions that were begun and not ended.
    """

    listener_id: str
    name: str
    password_hash: str
    role: Role
    sessions: frozenset[str] = frozenset()


class Listeners:
    """The ``users`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._users = acknowledged_collection(database, "users")

    @translated_errors()
    def create_indexes(self) -> None:
        """One account per folded name."""
        ensure_index(self._users, "name_key", unique=True)

    @translated_errors()
    def add(self, name: str, password_hash: str, role: Role, now: datetime) -> Listener:
        """Create an account.

        Raises
        ------
        DuplicateError
            If the name is taken.
        """
        listener = Listener(secrets.token_hex(12), name, password_hash, role)
        self._users.insert_one(
            {
                "_id": listener.listener_id,
                "name": name,
                "name_key": fold_text(name),
                "password_hash": password_hash,
                "role": role,
                "created_at": now,
            }
        )
        return listener

    @translated_errors()
    def get(self, listener_id: str) -> Listener | None:
        """The account of this id."""
        document = self._users.find_one({"_id": listener_id})
        return to_listener(document) if document else None

    @translated_errors()
    def get_by_name(self, name: str) -> Listener | None:
        """The account of this name, however its case and accents are typed."""
        document = self._users.find_one({"name_key": fold_text(name)})
        return to_listener(document) if document else None

    @translated_errors()
    def set_password_hash(self, listener_id: str, password_hash: str) -> None:
        """Replace the password hash."""
        self._users.update_one({"_id": listener_id}, {"$set": {"password_hash": password_hash}})

    @translated_errors()
    def begin_session(self, listener_id: str) -> str:
        """Id of a new session of the account."""
        session_id = secrets.token_hex(8)
        kept = {"$each": [session_id], "$slice": -_MOST_SESSIONS}
        self._users.update_one({"_id": listener_id}, {"$push": {"sessions": kept}})
        return session_id

    @translated_errors()
    def end_session(self, listener_id: str, session_id: str) -> None:
        """Let a session's cookie be good no more, wherever a copy of it is."""
        self._users.update_one({"_id": listener_id}, {"$pull": {"sessions": session_id}})

    @translated_errors()
    def end_other_sessions(self, listener_id: str, session_id: str) -> None:
        """Let no session be good but this one."""
        self._users.update_one({"_id": listener_id}, {"$set": {"sessions": [session_id]}})

    @translated_errors()
    def has_admin(self) -> bool:
        """Whether anybody can administer."""
        return self._users.find_one({"role": Role.ADMIN}, {"_id": 1}) is not None


def to_listener(document: dict[str, Any]) -> Listener:
    """An account as it is stored."""
    return Listener(
        listener_id=document["_id"],
        name=document["name"],
        password_hash=document["password_hash"],
        role=Role(document["role"]),
        sessions=frozenset(document.get("sessions", ())),
    )
