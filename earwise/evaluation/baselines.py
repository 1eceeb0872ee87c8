"""Plainer methods, to be measured beside: MinMax Euclidean, the query's own KMeans cluster, and chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwise.evaluation.measures import Lists
from earwise.ranking.catalogue import Rows
from earwise.ranking.metric import Matrix

CLUSTERS = 10
_ITERATIONS, _STARTS = 50, 4
_BLOCK_ROWS = 512

type Mask = NDArray[np.bool_]


class Allowed:
    """Which tracks may stand in a query's list: labelled ones, not of its own recording, not by its own artist.

    Parameters
    ----------
    copies, artists : ndarray [shape=(n,), dtype=int64]
        Of the catalogue; -1 for no artist.
    is_labelled : ndarray [shape=(n,), dtype=bool]
    """

    def __init__(self, copies: Rows, artists: Rows, is_labelled: Mask) -> None:
        self.copies, self.artists, self.is_labelled = copies, artists, is_labelled

    def of(self, query: int) -> Mask:
        """For one query: who may stand in its list."""
        allowed: Mask = self.is_labelled & (self.copies != self.copies[query])
        if self.artists[query] >= 0:
            allowed &= self.artists != self.artists[query]
        return allowed


def scale_to_range(features: Matrix) -> Matrix:
    """MinMax scaling: every feature from 0 to 1; a constant one becomes 0."""
    low, high = features.min(axis=0), features.max(axis=0)
    scaled: Matrix = ((features - low) / np.where(high > low, high - low, 1)).astype(np.float32)
    return scaled


def nearest(points: Matrix, queries: Rows, allowed: Allowed, n: int) -> Lists:
    """The tracks at the least Euclidean distance to each query."""
    lists = np.full((len(queries), n), -1, np.int32)
    norms = np.einsum("ij,ij->i", points, points)
    for start in range(0, len(queries), _BLOCK_ROWS):
        block = queries[start : start + _BLOCK_ROWS]
        squared = norms - 2 * (points[block] @ points.T)
        for place, query in enumerate(block):
            candidates = np.flatnonzero(allowed.of(int(query)))
            kept = candidates[np.argsort(squared[place, candidates], kind="stable")[:n]]
            lists[start + place, : len(kept)] = kept
    return lists


def drawn(queries: Rows, allowed: Allowed, n: int, rng: np.random.Generator, clusters: Rows | None = None) -> Lists:
    """Random tracks for each query; where there are clusters, of the query's own."""
    lists = np.full((len(queries), n), -1, np.int32)
    for place, query in enumerate(queries):
        pool = allowed.of(int(query))
        if clusters is not None:
            pool &= clusters == clusters[query]
        kept = rng.permutation(np.flatnonzero(pool))[:n]
        lists[place, : len(kept)] = kept
    return lists


def kmeans(points: Matrix, k: int, rng: np.random.Generator) -> Rows:
    """Lloyd's algorithm from k-means++ centres, the best of several starts.

    Returns
    -------
    ndarray [shape=(n,), dtype=int64]
        The cluster of each point; fewer than `k` where there are fewer distinct points.
    """
    runs = [_lloyd(points, _spread_centres(points, k, rng)) for _ in range(_STARTS)]
    return min(runs, key=lambda run: run[1])[0]


def _lloyd(points: Matrix, centres: Matrix) -> tuple[Rows, float]:
    clusters, cost = np.zeros(len(points), np.int64), np.inf
    for _ in range(_ITERATIONS):
        squared = _squared_distances(points, centres)
        found = squared.argmin(axis=1)
        cost = float(squared[np.arange(len(points)), found].sum())
        if np.array_equal(found, clusters):
            break
        clusters = found
        for number in np.unique(clusters):
            centres[number] = points[clusters == number].mean(axis=0)
    return clusters, cost


def _spread_centres(points: Matrix, k: int, rng: np.random.Generator) -> Matrix:
    """k-means++ (Arthur and Vassilvitskii, SODA 2007): each next centre likely far from those before."""
    centres = [points[rng.integers(len(points))]]
    squared = _squared_distances(points, centres[0][None])[:, 0]
    while len(centres) < k and (total := float(squared.sum(dtype=np.float64))) > 0:
        chosen = int(np.searchsorted(np.cumsum(squared, dtype=np.float64), rng.random() * total, side="right"))
        centres.append(points[min(chosen, len(points) - 1)])
        squared = np.minimum(squared, _squared_distances(points, centres[-1][None])[:, 0])
    return np.array(centres)


def _squared_distances(points: Matrix, centres: Matrix) -> Matrix:
    squared = np.einsum("ij,ij->i", points, points)[:, None] - 2 * points @ centres.T
    squared += np.einsum("ij,ij->i", centres, centres)
    found: Matrix = np.maximum(squared, 0)
    return found
