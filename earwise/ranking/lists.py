"""From ranked candidates to lists: each recording once, the seed's own not at all, and few tracks of one artist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.catalogue import Groups, Rows

#: Ranked neighbours that are kept for each track.
LIST_LENGTH = 50


def select(candidates: Rows, seed_copies: Rows, groups: Groups, most_per_artist: int) -> NDArray[np.bool_]:
    """Which candidates stay.

    Parameters
    ----------
    candidates : ndarray [shape=(q, c), dtype=int64]
        Rows of the catalogue, nearest first.
    seed_copies : ndarray [shape=(q,), dtype=int64]
        The recording that each query is of; -1 where it is none of the catalogue.
    most_per_artist : int
        How many tracks of one artist a list may hold; 0 for any number. Tracks without an artist are not counted.

    Returns
    -------
    ndarray [shape=(q, c), dtype=bool]
    """
    copies = groups.copies[candidates]
    stays: NDArray[np.bool_] = (times_before(copies) == 0) & (copies != seed_copies[:, None])
    if most_per_artist:
        artists = np.where(stays, groups.artists[candidates], -1)
        stays &= (artists < 0) | (times_before(artists) < most_per_artist)
    return stays


def times_before(numbers: Rows) -> Rows:
    """How many times the same number stands before each place of its row.

    >>> times_before(np.array([[7, 3, 7, 7, 3]])).tolist()
    [[0, 0, 1, 2, 1]]
    """
    order = np.argsort(numbers, axis=1, kind="stable")
    ordered = np.take_along_axis(numbers, order, axis=1)
    places = np.broadcast_to(np.arange(numbers.shape[1]), numbers.shape)
    begins = np.ones(numbers.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    since = places - np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    times = np.empty_like(numbers)
    np.put_along_axis(times, order, since, axis=1)
    return times
