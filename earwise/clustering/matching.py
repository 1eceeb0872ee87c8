"""Stable clusters: today's get the numbers that yesterday's had where they lie in the same place.

Yesterday's centroids are computed on today's features, as the means of the tracks that yesterday's clusters held. So
they can be compared although the scaling, or even the features' version, has changed.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from earwise.ranking.catalogue import Rows
from earwise.ranking.metric import Matrix
from earwise.store import Store
from earwise.store.model_changes import Changes, Move

_BLOCK_ROWS = 65_536
_NEW = -1
_MOST_MOVES = 50  # kept for the page


@dataclass(frozen=True, slots=True)
class Yesterday:
    """The model that is served, seen from today's tracks.

    Attributes
    ----------
    names : dict of int to str
        Of its clusters, by number.
    clusters : ndarray [shape=(n_tracks,), dtype=int64]
        The number that each of today's tracks had; -1 for a new one.
    gone : int
        Its tracks that are not among today's.
    """

    model_id: str
    names: dict[int, str]
    clusters: Rows
    gone: int


def look_back(store: Store, track_ids: Sequence[str]) -> Yesterday | None:
    """What the served model says of these tracks; None where there is none.

    Parameters
    ----------
    track_ids : sequence of str
        Sorted.
    """
    model_id = store.models.active_id()
    names = {} if model_id is None else {one.number: one.name for one in store.model_parts.clusters(model_id)}
    if model_id is None or not names:
        return None
    clusters, gone = _align(store.model_parts.read_clusters_of_tracks(model_id), track_ids)
    return Yesterday(model_id, names, clusters, gone)


def cluster_means(features: Matrix, clusters: Rows) -> dict[int, Matrix]:
    """Centre of each cluster's tracks, by number; summed in blocks, without a second matrix of the library's size.

    Parameters
    ----------
    features : ndarray [shape=(n_tracks, n_features), dtype=float32]
    clusters : ndarray [shape=(n_tracks,), dtype=int64]
        Number of each track's cluster; those of -1 are left out.
    """
    numbers = np.unique(clusters[clusters != _NEW])
    sums = np.zeros((len(numbers), features.shape[1]))
    for start in range(0, len(features), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        sums += (clusters[block] == numbers[:, None]).astype(np.float64) @ features[block]
    return {
        int(number): (total / np.count_nonzero(clusters == number)).astype(np.float32)
        for number, total in zip(numbers, sums, strict=True)
    }


def match_centroids(today: Matrix, yesterday: Mapping[int, Matrix], taken: Iterable[int] = ()) -> list[int]:
    """Rows for today's centroids, by the pairing with the smallest sum of squared distances (Hungarian method).

    Those that are left over, where there are more than yesterday, get the smallest numbers that were free.

    Parameters
    ----------
    today : ndarray [shape=(k, n_features), dtype=float32]
    yesterday : mapping of int to ndarray [shape=(n_features,), dtype=float32]
        By number.
    taken : iterable of int
        Further numbers that were in use yesterday.

    >>> match_centroids(np.float32([[9], [0], [5]]), {0: np.float32([0.1]), 1: np.float32([8])})
    [1, 0, 2]
    """
    numbers = [_NEW] * len(today)
    if yesterday:
        before = np.stack(list(yesterday.values()))
        squared = np.square(today[:, None, :] - before[None, :, :], dtype=np.float64).sum(axis=2)
        known = list(yesterday)
        for row, column in zip(*linear_sum_assignment(squared), strict=True):
            numbers[row] = known[column]
    used = {*yesterday, *taken, *numbers}
    free = (number for number in range(len(used) + len(today)) if number not in used)
    return [next(free) if number == _NEW else number for number in numbers]


def note_changes(yesterday: Yesterday, clusters: Rows, names: Mapping[int, str]) -> Changes:
    """What is different from the served model.

    Parameters
    ----------
    clusters : ndarray [shape=(n_tracks,), dtype=int64]
        Today's number of each track.
    names : mapping of int to str
        Of today's clusters.
    """
    known = yesterday.clusters != _NEW
    pairs = Counter(zip(yesterday.clusters[known].tolist(), clusters[known].tolist(), strict=True))
    moves = [
        Move(yesterday.names.get(old, ""), names.get(new, ""), old, new, tracks)
        for (old, new), tracks in pairs.most_common()
        if old != new
    ]
    both = yesterday.names.keys() & names.keys()
    return Changes(
        model_id=yesterday.model_id,
        stayed=sum(tracks for (old, new), tracks in pairs.items() if old == new),
        moved=sum(move.tracks for move in moves),
        new=int((~known).sum()),
        gone=yesterday.gone,
        moves=tuple(moves[:_MOST_MOVES]),
        renamed=tuple((yesterday.names[n], names[n]) for n in sorted(both) if yesterday.names[n] != names[n]),
        appeared=tuple(names[number] for number in sorted(names.keys() - both)),
        vanished=tuple(yesterday.names[number] for number in sorted(yesterday.names.keys() - both)),
    )


def _align(assigned: Iterable[tuple[str, int]], track_ids: Sequence[str]) -> tuple[Rows, int]:
    clusters, gone, row = np.full(len(track_ids), _NEW, np.int64), 0, 0
    for track_id, cluster in assigned:
        row = bisect.bisect_left(track_ids, track_id, lo=row)
        if row < len(track_ids) and track_ids[row] == track_id:
            clusters[row] = cluster
        else:
            gone += 1
    return clusters, gone
