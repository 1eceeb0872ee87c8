"""Ranked lists of neighbours as they are stored: a column for each thing that is kept of a neighbour.

A page of recommendations reads one. A document for each of its fifty neighbours made a list of 8 KB, which took the
embedded server 1.6 ms to find for a page; as columns it has half of that. Ids stay text, since the server joins lists
on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bson.binary import Binary

_DISTANCE, _CLUSTER = np.dtype("<f8"), np.dtype("<u2")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A track that sounds like another.

    Attributes
    ----------
    distance : float
        Mutual Proximity, in [0, 1]; lower is more alike.
    artist : str
        As the track's tags had it, so that radio need not read them.
    """

    track_id: str
    distance: float
    cluster: int
    artist: str = ""


@dataclass(frozen=True, slots=True)
class RankedList:
    """The neighbours of one track.

    Attributes
    ----------
    neighbours : tuple of Neighbour
        Nearest first.
    revision : int
        How many times the list was changed since it was first written.
    """

    track_id: str
    neighbours: tuple[Neighbour, ...]
    revision: int = 0


def pack_neighbours(ranked: Sequence[Neighbour]) -> dict[str, Any]:
    """The fields of a document that hold a list.

    >>> unpack_neighbours(pack_neighbours([Neighbour("t1", 0.25, 3, "Ann")]))
    (Neighbour(track_id='t1', distance=0.25, cluster=3, artist='Ann'),)
    """
    return {
        "ids": [near.track_id for near in ranked],
        "distances": Binary(np.array([near.distance for near in ranked], _DISTANCE).tobytes()),
        "clusters": Binary(np.array([near.cluster for near in ranked], _CLUSTER).tobytes()),
        "artists": [near.artist for near in ranked],
    }


def unpack_neighbours(document: Mapping[str, Any]) -> tuple[Neighbour, ...]:
    """The list that a document holds."""
    if "ids" not in document:
        # A model that was trained before there were columns goes on being served until the next night.
        return tuple(_of_before(document["neighbours"]))
    distances = np.frombuffer(document["distances"], _DISTANCE).tolist()
    clusters = np.frombuffer(document["clusters"], _CLUSTER).tolist()
    return tuple(map(Neighbour, document["ids"], distances, clusters, document["artists"]))


def _of_before(entries: Iterable[Mapping[str, Any]]) -> Iterable[Neighbour]:
    return (Neighbour(one["track_id"], one["distance"], one["cluster"], one.get("artist", "")) for one in entries)
