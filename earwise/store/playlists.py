"""Playlists: a listener's own lists of tracks. Only the owner ever finds one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING
from pymongo.database import Database

from earwise.errors import PlaylistFullError, StoreError
from earwise.store.acknowledged import acknowledged_collection
from earwise.store.bulk import delete_found
from earwise.store.index_builds import ensure_index
from earwise.store.search import fold_text
from earwise.store.translation import translated_errors

MOST_TRACKS = 5_000
MOST_PLAYLISTS = 500
LONGEST_NAME = 100
#: How long a deleted playlist can be taken back.
KEPT_DELETED = timedelta(days=1)
MOST_DELETED = 20
_ATTEMPTS = 20
_FORGOTTEN_AT_ONCE = 5  # each has up to 5,000 tracks in an index
# What becomes of a list of tracks; None where it stays as it is.
type _Change = Callable[[list[str]], list[str] | None]


@dataclass(frozen=True, slots=True)
class Playlist:
    """A named list, in which each track stands once."""

    playlist_id: str
    name: str
    tracks: tuple[str, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PlaylistName:
    """A playlist without its tracks, for lists of playlists."""

    playlist_id: str
    name: str
    size: int
    changed_at: datetime


class Playlists:
    """The ``playlists`` collection. Every method finds playlists of the given listener only."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._playlists = acknowledged_collection(database, "playlists")

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._playlists, [("listener_id", ASCENDING), ("name_key", ASCENDING)])
        ensure_index(self._playlists, "tracks")
        ensure_index(self._playlists, "deleted_at")

    @translated_errors()
    def create(self, listener_id: str, name: str, now: datetime, tracks: Iterable[str] = ()) -> str:
        """Id of a new playlist of these tracks.

        Raises
        ------
        PlaylistFullError
            If the listener has `MOST_PLAYLISTS` already.
        """
        if self._playlists.count_documents({"listener_id": listener_id, "deleted_at": None}) >= MOST_PLAYLISTS:
            raise PlaylistFullError(f"There are {MOST_PLAYLISTS} playlists already. Delete one first.")
        playlist_id = secrets.token_hex(12)
        self._playlists.insert_one(
            {
                "_id": playlist_id,
                "listener_id": listener_id,
                "name": name,
                "name_key": fold_text(name),
                "tracks": list(dict.fromkeys(tracks)),
                "created_at": now,
                "changed_at": now,
                "deleted_at": None,
            }
        )
        return playlist_id

    @translated_errors()
    def of(self, listener_id: str) -> list[PlaylistName]:
        """All playlists of a listener by name."""
        return self._names(listener_id, None)

    @translated_errors()
    def deleted_of(self, listener_id: str, now: datetime) -> list[PlaylistName]:
        """What a listener deleted within `KEPT_DELETED`, by name: what `restore` can bring back."""
        return self._names(listener_id, {"$gte": now - KEPT_DELETED})

    def _names(self, listener_id: str, deleted_at: dict[str, datetime] | None) -> list[PlaylistName]:
        stages: list[dict[str, Any]] = [
            {"$match": {"listener_id": listener_id, "deleted_at": deleted_at}},
            {"$sort": {"name_key": 1, "_id": 1}},
            {"$project": {"name": 1, "changed_at": 1, "size": {"$size": "$tracks"}}},
        ]
        return [
            PlaylistName(found["_id"], found["name"], found["size"], found["changed_at"])
            for found in self._playlists.aggregate(stages)
        ]

    @translated_errors()
    def get(self, listener_id: str, playlist_id: str) -> Playlist | None:
        """The playlist, if it is the listener's."""
        document = self._playlists.find_one(_own(listener_id, playlist_id))
        if document is None:
            return None
        return Playlist(playlist_id, document["name"], tuple(document["tracks"]), document["changed_at"])

    @translated_errors()
    def rename(self, listener_id: str, playlist_id: str, name: str, now: datetime) -> bool:
        """Give another name; whether there was such a playlist."""
        return self._change(_own(listener_id, playlist_id), {"name": name, "name_key": fold_text(name)}, now)

    @translated_errors()
    def replace(
        self, listener_id: str, seen: Playlist, name: str, tracks: Iterable[str], now: datetime
    ) -> Playlist | None:
        """Give name and tracks to a playlist that is still as it was seen; None where it was changed since."""
        changed = Playlist(seen.playlist_id, name, tuple(dict.fromkeys(tracks)), now)
        unchanged = _own(listener_id, seen.playlist_id) | {"name": seen.name, "tracks": list(seen.tracks)}
        fields = {"name": name, "name_key": fold_text(name), "tracks": list(changed.tracks)}
        return changed if self._change(unchanged, fields, now) else None

    @translated_errors()
    def add(self, listener_id: str, playlist_id: str, track_id: str, now: datetime) -> bool:
        """Put a track at the end; False where it stands in the playlist already.

        Raises
        ------
        PlaylistFullError
            If it holds `MOST_TRACKS` already.
        """
        free = _own(listener_id, playlist_id) | {"tracks": {"$ne": track_id}}
        space = free | {f"tracks.{MOST_TRACKS - 1}": {"$exists": False}}
        done = self._playlists.update_one(space, {"$push": {"tracks": track_id}, "$set": {"changed_at": now}})
        if not done.matched_count and self._playlists.find_one(free, {"_id": 1}):
            raise _full()
        return bool(done.matched_count)

    @translated_errors()
    def remove(self, listener_id: str, playlist_id: str, track_id: str, now: datetime) -> int | None:
        """Take a track out; the place where it stood, or None where it did not."""
        place: list[int] = []

        def without(tracks: list[str]) -> list[str] | None:
            if track_id not in tracks:
                return None
            place[:] = [tracks.index(track_id)]
            return [track for track in tracks if track != track_id]

        return place[0] if self._reorder(listener_id, playlist_id, without, now) else None

    @translated_errors()
    def move(self, listener_id: str, playlist_id: str, track_id: str, place: int, now: datetime) -> bool:
        """Put a track at a place, counted from 0; one that is not in the playlist is put in.

        Raises
        ------
        PlaylistFullError
            If it is not in the playlist, and that holds `MOST_TRACKS` already.
        """

        def moved(tracks: list[str]) -> list[str] | None:
            others = [track for track in tracks if track != track_id]
            if len(others) >= MOST_TRACKS:
                raise _full()
            target = max(0, min(place, len(others)))
            return [*others[:target], track_id, *others[target:]]

        return self._reorder(listener_id, playlist_id, moved, now)

    @translated_errors()
    def delete(self, listener_id: str, playlist_id: str, now: datetime) -> bool:
        """Hide a playlist; for a day `restore` brings it back, while it is among the last `MOST_DELETED`."""
        deleted = self._playlists.find({"listener_id": listener_id, "deleted_at": {"$ne": None}}, {"deleted_at": 1})
        latest = sorted(deleted, key=lambda one: one["deleted_at"], reverse=True)
        kept = {one["_id"] for one in latest[: MOST_DELETED - 1] if one["deleted_at"] >= now - KEPT_DELETED}
        if gone := [one["_id"] for one in latest if one["_id"] not in kept]:
            self._playlists.delete_many({"_id": {"$in": gone}})
        return self._change(_own(listener_id, playlist_id), {"deleted_at": now}, now)

    @translated_errors()
    def restore(self, listener_id: str, playlist_id: str, now: datetime) -> bool:
        """Bring back a playlist that was deleted within `KEPT_DELETED`; whether there was one."""
        deleted = {"_id": playlist_id, "listener_id": listener_id, "deleted_at": {"$gte": now - KEPT_DELETED}}
        return self._change(deleted, {"deleted_at": None}, now)

    @translated_errors()
    def forget_deleted(self, now: datetime) -> None:
        """Delete for good, of all listeners, what `restore` does not bring back any more."""
        delete_found(self._playlists, {"deleted_at": {"$lt": now - KEPT_DELETED}}, at_once=_FORGOTTEN_AT_ONCE)

    @translated_errors()
    def held_among(self, track_ids: Iterable[str]) -> set[str]:
        """Those of these tracks that are in a playlist."""
        wanted = set(track_ids)
        found = self._playlists.find({"tracks": {"$in": list(wanted)}}, {"tracks": 1})
        return {track_id for document in found for track_id in document["tracks"]} & wanted

    @translated_errors()
    def follow_track(self, old_id: str, new_id: str) -> None:
        """Let a track that became another keep its places in playlists. Safe to repeat."""
        both = {"$and": [{"tracks": old_id}, {"tracks": new_id}]}
        self._playlists.update_many(both, {"$pull": {"tracks": old_id}})
        renamed = {"$set": {"tracks.$[old]": new_id}}
        self._playlists.update_many({"tracks": old_id}, renamed, array_filters=[{"old": old_id}])

    def _change(self, query: dict[str, Any], fields: dict[str, Any], now: datetime) -> bool:
        return bool(self._playlists.update_one(query, {"$set": fields | {"changed_at": now}}).matched_count)

    def _reorder(self, listener_id: str, playlist_id: str, change: _Change, now: datetime) -> bool:
        """Replace the tracks by what `change` makes of them, unless somebody was faster; then once more."""
        own = _own(listener_id, playlist_id)
        for _ in range(_ATTEMPTS):
            document = self._playlists.find_one(own, {"tracks": 1})
            tracks = change(document["tracks"]) if document else None
            if document is None or tracks is None:
                return False
            if self._change(own | {"tracks": document["tracks"]}, {"tracks": tracks}, now):
                return True
        raise StoreError("The playlist is being changed by too many at once.")


def _full() -> PlaylistFullError:
    return PlaylistFullError(f"A playlist holds {MOST_TRACKS:,} tracks at most.")


def _own(listener_id: str, playlist_id: str) -> dict[str, Any]:
    return {"_id": playlist_id, "listener_id": listener_id, "deleted_at": None}
