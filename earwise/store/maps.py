"""Maps: every track of a model in two dimensions, packed so that a browser takes a hundred thousand at once.

The tracks of a cluster lie in parts, the most typical first, so the parts hold the pages of the cluster's list too.
They are written under the map's edition; then the one document of ``maps`` flips. Readers see one edition, never a mix.

Two may draw at once. Every drawing of a model has a number, the one after that of the map that it is to replace, and
flips only where that map is still the one in use. Parts tell their drawing's number, so what is older than the edition
before this one belongs to nothing that is read, or ever will be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from operator import attrgetter
from typing import Any

import numpy as np
from bson.binary import Binary
from pymongo import ASCENDING
from pymongo.database import Database

from earwise.store.bulk import insert_missing, put_documents
from earwise.store.ids import pack_ids, unpack_ids
from earwise.store.index_builds import ensure_index
from earwise.store.model_parts import Assignment
from earwise.store.translation import translated_errors

PAGE_SIZE = 25
# A page reads the part that it is of: in large ones of a large library it would read more than in those of a small one.
_PART_SIZE = 10 * PAGE_SIZE
_NAMED_PART_SIZE = re.compile(r"\.p([1-9][0-9]{0,5})\.[0-9a-f]{16}$")
_FIRST_PART_SIZE = 1_000  # of editions that do not name theirs
_LISTED = {"cluster": 1, "number": 1, "ids": 1, "distances": 1}
_WRITE_BATCH = 100
_FINEST = 2**16 - 1
_WHOLE, _FLOAT = np.dtype("<u2"), np.dtype("<f4")
_POINT_BYTES = 2 * _WHOLE.itemsize


@dataclass(frozen=True, slots=True)
class SoundMap:
    """The map of a model as readers find it.

    Attributes
    ----------
    edition : str
        Names this very map: with other tracks or places, or drawn again, it is another.
    drawing : int
        How many maps of the model were in use before it, and it too.
    sizes : dict of int to int
        Tracks of each cluster, in order of the clusters' numbers; tracks lie on the map in this order.
    corner : tuple of float
        Where the map begins, in the model's coordinates.
    extent : float
        Its longer side, which is 65,535 steps.
    """

    model_id: str
    edition: str
    drawing: int
    sizes: dict[int, int]
    corner: tuple[float, float]
    extent: float

    @property
    def tracks(self) -> int:
        """How many there are."""
        return sum(self.sizes.values())

    def pages(self, cluster: int) -> int:
        """Pages of a cluster's list; one where it is empty."""
        return max(1, -(-self.sizes.get(cluster, 0) // PAGE_SIZE))

    def steps(self, place: tuple[float, float]) -> tuple[int, int]:
        """A place of the model on the map, each in 0 … 65,535."""
        x, y = ((value - start) / self.extent for value, start in zip(place, self.corner, strict=True))
        return round(min(max(x, 0), 1) * _FINEST), round(min(max(y, 0), 1) * _FINEST)


class Maps:
    """The collections ``maps`` and ``map_parts``."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._maps = database["maps"]
        self._parts = database["map_parts"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the indexes that the queries below use."""
        ensure_index(self._parts, [("edition", ASCENDING)])
        ensure_index(self._parts, [("model_id", ASCENDING)])

    @translated_errors()
    def put(self, model_id: str, assignments: Iterable[Assignment], present: SoundMap | None) -> SoundMap | None:
        """Let these be the tracks of a model's map.

        The edition before stays until the next one comes, for the pages that were made from it.

        Parameters
        ----------
        assignments : iterable of Assignment
            All of the model's, read after `present` was.
        present : SoundMap or None
            The map that this one replaces, as `find` gave it.

        Returns
        -------
        SoundMap or None
            What is now in use; None where somebody else drew meanwhile, and everything is to be read again.
        """
        found = sorted(assignments, key=lambda one: (one.cluster, one.distance, one.track_id))
        drawn, parts = _pack(model_id, found, present.drawing + 1 if present else 1)
        for batch in batched(parts, _WRITE_BATCH):
            put_documents(self._parts, batch)
        if not self._flip(present, drawn):
            return None
        # Never by what is in use now: a drawing that began since may be writing its parts.
        self._parts.delete_many({"model_id": model_id, "drawing": {"$lt": drawn.drawing - 1}})
        return drawn

    def _flip(self, present: SoundMap | None, drawn: SoundMap) -> bool:
        document = _to_document(drawn)
        if present is None:
            return not insert_missing(self._maps, [document])
        unchanged = {"_id": drawn.model_id, "edition": present.edition}
        return self._maps.replace_one(unchanged, document).matched_count == 1

    @translated_errors()
    def find(self, model_id: str) -> SoundMap | None:
        """The map of a model; None before it is drawn."""
        document = self._maps.find_one({"_id": model_id})
        return to_map(document) if document else None

    @translated_errors()
    def is_whole(self, drawn: SoundMap) -> bool:
        """Whether all parts of a map are there."""
        expected = sum(-(-size // _part_size(drawn.edition)) for size in drawn.sizes.values())
        # Parts of before they told how many tracks the map has are as good as none.
        return self._parts.count_documents({"edition": drawn.edition, "tracks": drawn.tracks}) == expected

    @translated_errors()
    def points(self, edition: str) -> bytes | None:
        """Places of all tracks, x and y as little-endian 16-bit integers; None where any of the edition is gone."""
        parts = list(self._parts.find({"edition": edition}, {"cluster": 1, "number": 1, "places": 1, "tracks": 1}))
        parts.sort(key=lambda part: (part["cluster"], part["number"]))
        packed = b"".join(bytes(part["places"]) for part in parts)
        # Parts may go while they are read, and browsers keep the answer for good.
        is_whole = bool(parts) and len(packed) == _POINT_BYTES * parts[0].get("tracks", 0)
        return packed if is_whole else None

    @translated_errors()
    def members(self, edition: str, cluster: int, page: int, last: int | None = None) -> list[Assignment]:
        """A page of a cluster's tracks, or all up to a last one, the most typical first; one query.

        Pages count from 1.
        """
        size, first, end = _part_size(edition), (page - 1) * PAGE_SIZE, (last or page) * PAGE_SIZE
        numbers = range(first // size, (end - 1) // size + 1)
        wanted = {"_id": {"$in": [f"{edition}:{cluster}:{number}" for number in numbers]}}
        parts = {part["number"]: part for part in self._parts.find(wanted, _LISTED)}
        there = ((parts[number], number * size) for number in numbers if number in parts)
        return [one for part, begin in there for one in _to_assignments(part, max(0, first - begin), end - begin)]

    @translated_errors()
    def typical(self, edition: str, clusters: Iterable[int], *, limit: int) -> dict[int, list[Assignment]]:
        """The first tracks of each of these clusters, the most typical first; of each at most 250."""
        beginnings = [f"{edition}:{cluster}:0" for cluster in clusters]
        found = self._parts.find({"_id": {"$in": beginnings}}, _LISTED, batch_size=len(beginnings) + 1)
        return {part["cluster"]: _to_assignments(part, 0, limit) for part in found}

    @translated_errors()
    def track_at(self, edition: str, cluster: int, rank: int) -> str | None:
        """Id of the track that is the so-manieth of its cluster, counted from 0."""
        number, place = divmod(rank, _part_size(edition))
        part = self._parts.find_one({"_id": f"{edition}:{cluster}:{number}"}, {"ids": 1})
        ids = unpack_ids(part["ids"]) if part else []
        return ids[place] if place < len(ids) else None


def _part_size(edition: str) -> int:
    """Tracks in each part of an edition but the last of a cluster.

    >>> _part_size("model.7.p250.0123456789abcdef"), _part_size("model.7.0123456789abcdef")
    (250, 1000)
    """
    named = _NAMED_PART_SIZE.search(edition)
    return int(named[1]) if named else _FIRST_PART_SIZE


def _to_assignments(part: dict[str, Any], first: int, end: int) -> list[Assignment]:
    """Tracks of a part, from one place to before another, counted from 0."""
    ids, distances = unpack_ids(part["ids"]), np.frombuffer(part["distances"], _FLOAT).tolist()
    chosen = slice(first, end)
    found = zip(ids[chosen], distances[chosen], strict=True)
    return [Assignment(track_id, part["cluster"], distance) for track_id, distance in found]


def to_map(document: dict[str, Any]) -> SoundMap:
    """A map as it is stored."""
    sizes = {one["cluster"]: one["tracks"] for one in document["sizes"]}
    drawing = document.get("drawing", 0)  # maps of before these were numbered go on being served
    return SoundMap(document["_id"], document["edition"], drawing, sizes, tuple(document["corner"]), document["extent"])


def _to_document(drawn: SoundMap) -> dict[str, Any]:
    return {
        "_id": drawn.model_id,
        "model_id": drawn.model_id,
        "edition": drawn.edition,
        "drawing": drawn.drawing,
        "sizes": [{"cluster": cluster, "tracks": tracks} for cluster, tracks in drawn.sizes.items()],
        "corner": list(drawn.corner),
        "extent": drawn.extent,
    }


def _pack(model_id: str, found: Sequence[Assignment], drawing: int) -> tuple[SoundMap, list[dict[str, Any]]]:
    """The map of these tracks, which are in its order, and its parts."""
    places = np.array([one.place for one in found], np.float64).reshape(-1, 2)
    corner = places.min(axis=0) if len(places) else np.zeros(2)
    # Both sides are measured by the longer one, so that the map is not distorted.
    extent = float((places.max(axis=0) - corner).max()) if len(places) else 0.0
    extent = extent if extent > 0 else 1.0
    steps = np.rint((places - corner) / extent * _FINEST).astype(_WHOLE)
    parts, start = [], 0
    for cluster, members in groupby(found, attrgetter("cluster")):
        for number, part in enumerate(batched(members, _PART_SIZE)):
            parts.append(
                {
                    "model_id": model_id,
                    "drawing": drawing,
                    "tracks": len(found),
                    "cluster": cluster,
                    "number": number,
                    "places": Binary(steps[start : start + len(part)].tobytes()),
                    "ids": pack_ids(one.track_id for one in part),
                    "distances": Binary(np.array([one.distance for one in part], _FLOAT).tobytes()),
                }
            )
            start += len(part)
    digest = hashlib.sha256(repr((corner.tolist(), extent)).encode())
    for one in parts:
        digest.update(b"%d:" % one["cluster"] + one["places"] + one["ids"] + one["distances"])
    edition = f"{model_id}.{drawing}.p{_PART_SIZE}.{digest.hexdigest()[:16]}"
    sizes = {cluster: sum(1 for _ in members) for cluster, members in groupby(found, attrgetter("cluster"))}
    x, y = corner.tolist()
    named = [{"_id": f"{edition}:{one['cluster']}:{one['number']}", "edition": edition, **one} for one in parts]
    return SoundMap(model_id, edition, drawing, sizes, (x, y), extent), named
