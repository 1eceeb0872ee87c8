"""Ratings: what a listener thinks of a track (stars, favourite) and of a recommendation (thumb up or down).

Everything carries the time at which it was said, so that of two documents about one thing the newer can stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from earwise.store.acknowledged import acknowledged_collection
from earwise.store.index_builds import ensure_index
from earwise.store.moments import list_by_time
from earwise.store.tracks import Track, ready_tracks
from earwise.store.translation import translated_errors

MOST_STARS = 5
_SAID = {"stars": "stars_at", "favourite": "favourite_at"}
# Listener and seed track in one key, which is also the id of the listener's rating of the seed: a page asks for all
# that was said by it. Asked for a thumb of each track of a list, the embedded server took 3.2 ms.
_ON_SEED = "on_seed"


@dataclass(frozen=True, slots=True)
class Marks:
    """What a listener said of a track, and of the recommendations for it.

    Attributes
    ----------
    stars : int
        1 to 5; 0 when the track is not rated.
    thumbs : mapping of str to bool
        Recommended tracks by id: True for up, False for down.
    """

    stars: int = 0
    is_favourite: bool = False
    thumbs: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RatedTrack:
    """One line of a listener's list, and the cursor that continues after it."""

    track_id: str
    stars: int
    cursor: str


class Ratings:
    """The ``ratings`` and ``thumbs`` collections."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._ratings = acknowledged_collection(database, "ratings")
        self._thumbs = acknowledged_collection(database, "thumbs")

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        for name in _SAID.values():
            ensure_index(self._ratings, [("listener_id", ASCENDING), (name, DESCENDING)])
        ensure_index(self._ratings, "track_id")
        for name in ("listener_id", "track_id", "seed_id", _ON_SEED):
            ensure_index(self._thumbs, name)
        # Thumbs of before there was that key, as a dump may bring them; its index finds these.
        on_seed = {"$concat": ["$listener_id", ":", "$seed_id"]}
        self._thumbs.update_many({_ON_SEED: None}, [{"$set": {_ON_SEED: on_seed}}])

    @translated_errors()
    def set_stars(self, listener_id: str, track_id: str, stars: int, now: datetime) -> None:
        """Rate a track; 0 stars take the rating back."""
        _say(self._ratings, _about(listener_id, track_id), "stars", stars, now)

    @translated_errors()
    def set_favourite(self, listener_id: str, track_id: str, is_favourite: bool, now: datetime) -> None:
        """Take a track among the favourites, or out of them."""
        _say(self._ratings, _about(listener_id, track_id), "favourite", is_favourite, now)

    @translated_errors()
    def set_thumb(
        self, listener_id: str, seed_id: str, track_id: str, is_up: bool | None, *, model_id: str, now: datetime
    ) -> None:
        """Judge the recommendation of a track for a seed track; None takes the judgement back."""
        about = _about(listener_id, track_id, seed_id)
        if is_up is None:
            self._thumbs.delete_one({"_id": about["_id"]})
        else:
            _write_unless_newer(self._thumbs, about | {"is_up": is_up, "model_id": model_id, "at": now}, "at")

    @translated_errors()
    def marks(self, listener_id: str, seed_id: str) -> Marks:
        """What the listener said of a track, and of the recommendations for it, in one query."""
        return self.marks_and_tracks(listener_id, seed_id, ())[0]

    @translated_errors()
    def marks_and_tracks(self, listener_id: str, seed_id: str, wanted: Iterable[str]) -> tuple[Marks, dict[str, Track]]:
        """The same, and those of the tracks `wanted` that are ready, still in one query."""
        key = _about(listener_id, seed_id)["_id"]
        asked = [{"said": key, "track": ""}, *({"said": "", "track": track_id} for track_id in wanted)]
        # The embedded server joins nothing on a list of keys, and reads a whole collection for a union with some of it.
        joins = (_join("ratings", "said", "_id"), _join("thumbs", "said", _ON_SEED), _join("tracks", "track", "_id"))
        answers = list(self._ratings.database.aggregate([{"$documents": asked}, *joins], batchSize=len(asked) + 1))
        said, tracks = answers[0], [track for answer in answers for track in answer["tracks"]]
        rating: dict[str, Any] = said["ratings"][0] if said["ratings"] else {}
        thumbs = {document["track_id"]: document["is_up"] for document in said["thumbs"]}
        return Marks(rating.get("stars", 0), rating.get("favourite", False), thumbs), ready_tracks(tracks)

    @translated_errors()
    def favourites(self, listener_id: str, *, limit: int, cursor: str | None = None) -> list[RatedTrack]:
        """The listener's favourites, those taken last first."""
        return self._list(listener_id, "favourite", limit, cursor)

    @translated_errors()
    def rated(self, listener_id: str, *, limit: int, cursor: str | None = None) -> list[RatedTrack]:
        """The tracks that the listener gave stars, the last first."""
        return self._list(listener_id, "stars", limit, cursor)

    @translated_errors()
    def held_among(self, track_ids: Iterable[str]) -> set[str]:
        """Those of these tracks that somebody gave stars or took among the favourites."""
        found = self._ratings.find({"track_id": {"$in": list(track_ids)}})
        return {one["track_id"] for one in found if one.get("stars", 0) > 0 or one.get("favourite", False)}

    @translated_errors()
    def follow_track(self, old_id: str, new_id: str) -> None:
        """Let a track that became another keep what was said of it; the newer word stands. Safe to repeat."""
        for document in self._ratings.find({"track_id": old_id}):
            about = _about(document["listener_id"], new_id)
            for name, at in _SAID.items():
                if at in document:
                    _say(self._ratings, about, name, document[name], document[at])
            self._ratings.delete_one({"_id": document["_id"]})
        as_either = (self._thumbs.find({name: old_id}) for name in ("seed_id", "track_id"))
        for document in {one["_id"]: one for one in chain.from_iterable(as_either)}.values():
            renamed = {key: new_id if document[key] == old_id else document[key] for key in ("seed_id", "track_id")}
            about = _about(document["listener_id"], renamed["track_id"], renamed["seed_id"])
            _write_unless_newer(self._thumbs, document | about, "at")
            self._thumbs.delete_one({"_id": document["_id"]})

    def _list(self, listener_id: str, name: str, limit: int, cursor: str | None) -> list[RatedTrack]:
        at = _SAID[name]
        query: dict[str, Any] = {"listener_id": listener_id, name: {"$gt": 0} if name == "stars" else True}
        query[at] = {"$exists": True}
        found = list_by_time(self._ratings, query, at, limit=limit, after=cursor)
        return [RatedTrack(document["track_id"], document.get("stars", 0), further) for document, further in found]


def _join(collection: str, own: str, foreign: str) -> dict[str, Any]:
    return {"$lookup": {"from": collection, "localField": own, "foreignField": foreign, "as": collection}}


def _about(listener_id: str, track_id: str, seed_id: str | None = None) -> dict[str, Any]:
    """What a document is about: a track, or the recommendation of one for a seed track."""
    if seed_id is None:
        return {"_id": f"{listener_id}:{track_id}", "listener_id": listener_id, "track_id": track_id}
    on_seed = f"{listener_id}:{seed_id}"
    ids = {"listener_id": listener_id, "seed_id": seed_id, "track_id": track_id}
    return {"_id": f"{on_seed}:{track_id}", _ON_SEED: on_seed, **ids}


def _say(collection: Collection[dict[str, Any]], about: dict[str, Any], name: str, value: Any, now: datetime) -> None:
    _write_unless_newer(collection, about | {name: value, _SAID[name]: now}, _SAID[name])


def _write_unless_newer(collection: Collection[dict[str, Any]], document: dict[str, Any], at: str) -> None:
    """Set the document's fields, unless what is there was said later: one atomic write, whoever else writes."""
    fields = {name: value for name, value in document.items() if name != "_id"}
    # Or never said. For an $or beside the id the embedded server reads the whole collection.
    older = {"_id": document["_id"], at: {"$not": {"$gt": document[at]}}}
    try:
        collection.update_one(older, {"$set": fields}, upsert=True)
    except DuplicateKeyError:
        return  # there is one, and it is newer
