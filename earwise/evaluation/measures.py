"""Figures of ranked lists.

Lists are a matrix [shape=(n, l), dtype=int32] of rows of the catalogue, nearest first, filled up with -1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.catalogue import Rows
from earwise.ranking.neighbours import Neighbours

Lists = NDArray[np.int32]

TOP = 10


def as_lists(found: Sequence[Neighbours], length: int) -> Lists:
    """Ranked neighbours as a matrix.

    Parameters
    ----------
    length : int
        Columns; longer lists are cut.
    """
    lists = np.full((len(found), length), -1, np.int32)
    for row, one in enumerate(found):
        kept = one.rows[:length]
        lists[row, : len(kept)] = kept
    return lists


def overlap(found: Lists, truth: Lists) -> float | None:
    """Share of the truth that was found, on average over the lists that have a truth.

    >>> overlap(np.array([[3, 1, -1], [2, -1, -1]]), np.array([[1, 2, -1], [-1, -1, -1]]))
    0.5
    """
    shares = [
        len(set(ours.tolist()) & wanted) / len(wanted)
        for ours, theirs in zip(found, truth, strict=True)
        if (wanted := set(theirs[theirs >= 0].tolist()))
    ]
    return float(np.mean(shares)) if shares else None


def times_listed(lists: Lists, copies: Rows) -> Rows:
    """In how many lists each recording stands, whichever of its files it stands there by.

    Parameters
    ----------
    copies : ndarray [shape=(n,), dtype=int64]
        The recording of each track.

    Returns
    -------
    ndarray [shape=(n_recordings,), dtype=int64]
    """
    recordings, number = np.unique(copies, return_inverse=True)
    counts = np.zeros(len(recordings), np.int64)
    for column in lists.T:  # one by one, since what is looked up for all takes more than the lists themselves
        counts += np.bincount(number[column[column >= 0]], minlength=len(recordings))
    return counts


def skewness(counts: Rows) -> float | None:
    """Third standardised moment: zero where hubs and orphans balance, high where few stand in many lists.

    >>> skewness(np.array([0, 0, 0, 4]))
    1.1547005383792515
    """
    apart = counts - counts.mean() if len(counts) else np.zeros(1)
    variance = float(np.mean(np.square(apart)))
    return float(np.mean(apart**3) / variance**1.5) if variance > 0 else None


def precision(lists: Lists, labels: Rows, queries: Rows) -> float | None:
    """Share of the listed tracks that carry the query's label, on average over the queries that list any.

    Parameters
    ----------
    labels : ndarray [shape=(n,), dtype=int64]
        Of the whole catalogue.
    queries : ndarray [shape=(q,), dtype=int64]
        The rows that `lists` belong to.
    """
    is_listed = lists >= 0
    is_right = (labels[lists] == labels[queries][:, None]) & is_listed
    sizes = is_listed.sum(axis=1)
    shares = is_right.sum(axis=1)[sizes > 0] / sizes[sizes > 0]
    return float(shares.mean()) if len(shares) else None


def accuracy(lists: Lists, labels: Rows, queries: Rows) -> float | None:
    """Share of queries whose label is the most frequent one of their list; of equals the nearest track's counts."""
    hits = []
    for listed, query in zip(lists, queries, strict=True):
        votes = labels[listed[listed >= 0]]
        if len(votes):
            values, first, counts = np.unique(votes, return_index=True, return_counts=True)
            winner = values[np.lexsort((first, -counts))[0]]
            hits.append(winner == labels[query])
    return float(np.mean(hits)) if hits else None
