"""Tracks: one document per distinct recording, with its files and tags.

``files`` is keyed by `LibraryPath.key`, so that adding and removing a file is one repeatable update.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from itertools import batched, chain
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.bulk import FOUND_AT_ONCE, MANY_KEYED_AT_ONCE, insert_missing
from earwise.store.index_builds import ensure_index
from earwise.store.search import fold_text, search_terms, searched_texts
from earwise.store.translation import translated_errors
from earwise.tags import Tags

# Tracks of one word that a search compares; those of a common one are compared by its list.
_MOST_CANDIDATES = 2_000
_TAGS = tuple(tag.name for tag in fields(Tags))

__all__ = ["FOUND_AT_ONCE", "Tags", "Track", "TrackFile", "TrackState", "Tracks", "ready_tracks"]


class TrackState(StrEnum):
    """What can be done with a track: ready has audio and features; missing has lost its last file."""

    READY = "ready"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class TrackFile:
    """One file of a track."""

    location: LibraryPath
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Track:
    """A distinct recording.

    Attributes
    ----------
    track_id : str
        The recording's ``audio_id``, 32 hexadecimal digits.
    duration_s : float
        Length of the whole recording.
    files : tuple of TrackFile
        Where the recording lies; more than one when the library holds copies.
    """

    track_id: str
    tags: Tags
    duration_s: float
    state: TrackState = TrackState.READY
    files: tuple[TrackFile, ...] = field(default=())

    @property
    def sort_key(self) -> str:
        """Order of lists, as `sort_key` has it."""
        return sort_key(self.tags)


def sort_key(tags: Tags) -> str:
    """Text by whose order tracks are listed: whom the album is by, album, disc, number on the disc, title.

    What states no disc is on the first.
    """
    place = f"{tags.disc_number or 1:03d}\x1f{tags.track_number or 0:04d}"
    return "\x1f".join((fold_text(tags.shelf_artist), fold_text(tags.album), place, fold_text(tags.title)))


class Tracks:
    """The ``tracks`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._tracks = database["tracks"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        # Spark reads ranges of ready ids; the embedded server reads everything for a range that ends no index.
        ensure_index(self._tracks, [("state", ASCENDING), ("_id", ASCENDING)])
        ensure_index(self._tracks, [("terms", ASCENDING), ("sort_key", ASCENDING)])

    def put(self, track: Track, file: TrackFile, now: datetime) -> None:
        """Write one track that was just read from `file`, as `put_many` does."""
        self.put_many([(track, file)], now)

    @translated_errors()
    def put_many(self, read: Iterable[tuple[Track, TrackFile]], now: datetime) -> None:
        """Write tracks that were just read, each from a file, with the tags that the file has; other files are kept.

        Of several files of one recording, the tags of the first in order of root and path are the track's.
        """
        first, others = dict[str, tuple[Track, TrackFile]](), list[tuple[Track, TrackFile]]()
        for track, file in read:
            if first.setdefault(track.track_id, (track, file)) != (track, file):
                others.append((track, file))
        documents = [_from_read(track, file, now) for track, file in first.values()]
        present = insert_missing(self._tracks, documents, at_once=MANY_KEYED_AT_ONCE)
        for track, file in [*(first[document["_id"]] for document in present), *others]:
            self._add_file(track, file, now)

    def _add_file(self, track: Track, file: TrackFile, now: datetime) -> None:
        document = {
            "state": track.state,
            "duration_s": track.duration_s,
            "changed_at": now,
            f"files.{file.location.key}": _from_file(file, track.tags),
        }
        self._tracks.update_one(
            {"_id": track.track_id},
            {
                "$set": document,
                "$unset": {"missing_since": ""},
                "$setOnInsert": {"added_at": now, **_from_tags(track.tags)},
            },
            upsert=True,
        )
        self._choose_tags(track.track_id)

    @translated_errors()
    def remove_file(self, track_id: str, location: LibraryPath, now: datetime) -> None:
        """Take a file from a track; a track without files becomes missing."""
        self._tracks.update_one({"_id": track_id}, {"$unset": {f"files.{location.key}": ""}})
        self._choose_tags(track_id)
        bereft = {"_id": track_id, "files": {}, "state": {"$ne": TrackState.MISSING}}
        self._tracks.update_one(bereft, {"$set": {"state": TrackState.MISSING, "missing_since": now}})

    @translated_errors()
    def move_file(self, track_id: str, old: LibraryPath, new: TrackFile, now: datetime) -> None:
        """Let a track's file be at another place, with the tags it had; nothing where it was not at the old one."""
        document = self._tracks.find_one({"_id": track_id, f"files.{old.key}": {"$exists": True}})
        if document is None or old == new.location:
            return
        stated = document["files"][old.key].get("tags")
        update = {
            "$unset": {f"files.{old.key}": ""},
            "$set": {f"files.{new.location.key}": _from_place(new) | {"tags": stated}, "changed_at": now},
        }
        self._tracks.update_one({"_id": track_id}, update)
        self._choose_tags(track_id)

    @translated_errors()
    def missing_since(self, before: datetime) -> list[str]:
        """Ids of the tracks that have been missing since before a time."""
        query = {"state": TrackState.MISSING, "missing_since": {"$lt": before}}
        return [document["_id"] for document in self._tracks.find(query, {"_id": 1}).sort("_id", ASCENDING)]

    @translated_errors()
    def forget(self, track_ids: Iterable[str]) -> int:
        """Delete those of these tracks that are still missing; returns how many."""
        return sum(
            self._tracks.delete_many({"_id": {"$in": list(some)}, "state": TrackState.MISSING}).deleted_count
            for some in batched(track_ids, MANY_KEYED_AT_ONCE)
        )

    def _choose_tags(self, track_id: str) -> None:
        """Let the tags be those of the first file, unless somebody has meanwhile changed the files.

        Read anew: to give back what it updates, the embedded server reads the whole collection.
        """
        document = self._tracks.find_one({"_id": track_id})
        if document is None or not document["files"]:
            return
        first = min(document["files"].values(), key=lambda file: (file["root"], bytes(file["path"])))
        if (tags := first.get("tags")) is None:
            return
        chosen = _from_tags(Tags(**tags))
        if any(document.get(name) != value for name, value in chosen.items()):
            self._tracks.update_one({"_id": document["_id"], "files": document["files"]}, {"$set": chosen})

    @translated_errors()
    def get(self, track_id: str) -> Track | None:
        """The track of this id."""
        document = self._tracks.find_one({"_id": track_id})
        return _to_track(document) if document else None

    @translated_errors()
    def get_many(self, track_ids: Iterable[str]) -> dict[str, Track]:
        """The ready tracks among these ids, by id."""
        # One query for what any page but a long playlist shows.
        # Asked for the state as well, the embedded server goes through all ready tracks: of 20,000, 2.3 ms for each id.
        found = (
            self._tracks.find({"_id": {"$in": some}}, batch_size=FOUND_AT_ONCE + 1)
            for some in batched(track_ids, FOUND_AT_ONCE)
        )
        return ready_tracks(chain.from_iterable(found))

    @translated_errors()
    def count_ready(self) -> int:
        """How many tracks can be recommended and played."""
        return self._tracks.count_documents({"state": TrackState.READY})

    def ready_ids(self, first_id: str = "", end_id: str = "g") -> Iterator[str]:
        """Ids of the ready tracks with ``first_id <= _id < end_id``, in order; all of them by default."""
        query = {"state": TrackState.READY, "_id": {"$gte": first_id, "$lt": end_id}}
        with translated_errors():
            for document in self._tracks.find(query, {"_id": 1}).sort("_id", ASCENDING):
                yield document["_id"]

    def read_tags(self) -> Iterator[tuple[str, Tags, float]]:
        """Id, tags and duration in seconds of every ready track, in order of id."""
        wanted = dict.fromkeys((*_TAGS, "duration_s"), 1)
        with translated_errors():
            for document in self._tracks.find({"state": TrackState.READY}, wanted).sort("_id", ASCENDING):
                yield document["_id"], _to_tags(document), document["duration_s"]

    @translated_errors()
    def some(self, limit: int) -> list[Track]:
        """Ready tracks in no order, for a library that is not listed yet."""
        return [_to_track(document) for document in self._tracks.find({"state": TrackState.READY}).limit(limit)]

    @translated_errors()
    def with_any_term(self, terms: Sequence[str]) -> tuple[list[Track], bool]:
        """Ready tracks that hold one of these terms, in any order: of thousands some, and whether there may be more."""
        # The embedded server reads every track for $all.
        wanted = {"terms": {"$in": list(terms)} if len(terms) > 1 else terms[0]}
        found = list(self._tracks.find(wanted, batch_size=_MOST_CANDIDATES).limit(_MOST_CANDIDATES))
        tracks = [_to_track(document) for document in found if document["state"] == TrackState.READY]
        return tracks, len(found) >= _MOST_CANDIDATES


def ready_tracks(documents: Iterable[Mapping[str, Any]]) -> dict[str, Track]:
    """The ready tracks among documents, by id; what is no track's is passed over."""
    found = (one for one in documents if "files" in one)
    return {one["_id"]: _to_track(one) for one in found if one["state"] == TrackState.READY}


def _from_tags(tags: Tags) -> dict[str, Any]:
    return {
        **asdict(tags),
        "sort_key": sort_key(tags),
        "terms": search_terms(*searched_texts(tags)),
    }


def _from_read(track: Track, file: TrackFile, now: datetime) -> dict[str, Any]:
    return {
        "_id": track.track_id,
        "state": track.state,
        "duration_s": track.duration_s,
        "changed_at": now,
        "added_at": now,
        "files": {file.location.key: _from_file(file, track.tags)},
        **_from_tags(track.tags),
    }


def _from_file(file: TrackFile, tags: Tags) -> dict[str, Any]:
    return _from_place(file) | {"tags": asdict(tags)}


def _from_place(file: TrackFile) -> dict[str, Any]:
    return {
        "root": file.location.root,
        "path": Binary(file.location.path),
        "display": file.location.display,
        "size_bytes": file.size_bytes,
        "mtime_ns": file.mtime_ns,
    }


def _to_file(document: dict[str, Any]) -> TrackFile:
    location = LibraryPath(document["root"], bytes(document["path"]))
    return TrackFile(location, document["size_bytes"], document["mtime_ns"])


def _to_tags(document: Mapping[str, Any]) -> Tags:
    # What was stored before there was a tag says nothing of it.
    return Tags(**{name: document[name] for name in _TAGS if name in document})


def _to_track(document: Mapping[str, Any]) -> Track:
    return Track(
        track_id=document["_id"],
        tags=_to_tags(document),
        duration_s=document["duration_s"],
        state=TrackState(document["state"]),
        files=tuple(_to_file(file) for file in document["files"].values()),
    )
