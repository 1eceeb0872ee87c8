"""Events: what was played, and what was skipped. For history now, and to learn from later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from earwise.store.acknowledged import acknowledged_collection
from earwise.store.aliases import Aliases
from earwise.store.index_builds import ensure_index
from earwise.store.moments import list_by_time
from earwise.store.translation import translated_errors

_PLAYED_S = 30.0
_PLAYED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Play:
    """A track that was played, and the cursor that continues after it."""

    track_id: str
    at: datetime
    cursor: str


def is_play(heard_s: float, duration_s: float) -> bool:
    """Whether so much of a track was heard that it counts as played: 30 s, or half of it.

    >>> is_play(30, 185), is_play(12, 185), is_play(12, 20)
    (True, False, True)
    """
    return heard_s >= min(_PLAYED_S, _PLAYED_SHARE * duration_s)


class Events:
    """The ``events`` collection: one document for each time that a listener turned to a track."""

    def __init__(self, database: Database[dict[str, Any]], aliases: Aliases) -> None:
        self._events = acknowledged_collection(database, "events")
        self._aliases = aliases

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._events, [("listener_id", ASCENDING), ("is_play", ASCENDING), ("at", DESCENDING)])
        ensure_index(self._events, "track_id")

    @translated_errors()
    def record(
        self, listener_id: str, listening_id: str, track_id: str, *, heard_s: float, duration_s: float, now: datetime
    ) -> bool:
        """Record how much of a track was heard: as played, or else as skipped. Told again, the longest counts.

        Returns
        -------
        bool
            Whether it is a play, by all that was told of it.

        Parameters
        ----------
        listening_id : str
            Names this one time that the listener turned to the track.

        Raises
        ------
        DuplicateError
            If the listener turned to another track that time.
        """
        told = {"heard_s": heard_s, "is_play": is_play(heard_s, duration_s)}
        about: dict[str, Any] = {"_id": f"{listener_id}:{listening_id}", "track_id": track_id}
        first = {"listener_id": listener_id, "duration_s": duration_s, "at": now}
        try:
            recorded = self._add(about, {"$max": told, "$setOnInsert": first}, upsert=True)
        except DuplicateKeyError:
            # Of another track; of what this one was before; or told twice at once, of which the other was first.
            same = {"$in": [track_id, *self._aliases.former_ids(track_id)]}
            recorded = self._add(about | {"track_id": same}, {"$max": told}, upsert=False)
            if recorded is None:
                raise
        return bool(recorded and recorded["is_play"])

    def _add(self, about: dict[str, Any], update: dict[str, Any], *, upsert: bool) -> dict[str, Any] | None:
        # Apart from each other: to give back what it updates, the embedded server reads the whole collection.
        self._events.update_one(about, update, upsert=upsert)
        return self._events.find_one(about, {"is_play": 1})

    @translated_errors()
    def plays(self, listener_id: str, *, limit: int, cursor: str | None = None) -> list[Play]:
        """What the listener played, the last first."""
        query = {"listener_id": listener_id, "is_play": True}
        found = list_by_time(self._events, query, "at", limit=limit, after=cursor)
        return [Play(document["track_id"], document["at"], further) for document, further in found]

    @translated_errors()
    def follow_track(self, old_id: str, new_id: str) -> None:
        """Let a track that became another keep its history. Safe to repeat."""
        self._events.update_many({"track_id": old_id}, {"$set": {"track_id": new_id}})
