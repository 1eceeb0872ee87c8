"""An index for libraries too large for every pair: cells of tracks that lie together, of which each query asks some.

The cells have nothing to do with the clusters that pages show: there are about as many of them as they have tracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.catalogue import Catalogue, Rows
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.neighbours import (
    Neighbours,
    Queries,
    Ranking,
    make_lists,
    queries_of,
    rank_neighbours,
    score_pairs,
)

_TRACKS_PER_CENTRE, _ITERATIONS = 50, 8
_BLOCK_ROWS = 8_192
_SEED = 1
# How many cells are asked is measured on so many tracks: as many as hold this share of their true top tens, and a
# quarter more.
_QUERIES, _WANTED_SHARE, _MARGIN = 400, 0.995, 1.25


@dataclass(frozen=True, slots=True)
class Cells:
    """Which tracks are in which cell.

    Attributes
    ----------
    centres : ndarray [shape=(n_cells, m), dtype=float32]
        Middles of the cells.
    rows : ndarray [shape=(n,), dtype=int64]
        Rows of the catalogue, cell after cell.
    starts : ndarray [shape=(n_cells + 1,), dtype=int64]
        Where each cell begins in `rows`.
    asked : int
        How many cells are searched for each query.
    """

    centres: Matrix
    rows: Rows
    starts: Rows
    asked: int

    def members(self, cell: int) -> Rows:
        """Rows of the tracks in a cell."""
        return self.rows[self.starts[cell] : self.starts[cell + 1]]


def build_cells(metric: Metric, catalogue: Catalogue) -> Cells:
    """Put a catalogue into about as many cells as the square root of its size, and measure how many to ask."""
    rng = np.random.default_rng(_SEED)
    n = len(catalogue)
    count = max(1, round(n**0.5))
    sample = np.sort(rng.permutation(n)[: count * _TRACKS_PER_CENTRE])
    centres = _find_centres(_flatten(metric, catalogue.profiles[sample]), count, rng)
    cell_of = np.concatenate(
        [_nearness(metric, block, centres).argmin(axis=1) for block in _blocks(catalogue.profiles)]
    )
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell_of, minlength=count))])
    asked = _enough(metric, catalogue, cell_of, centres, np.sort(rng.permutation(n)[:_QUERIES]))
    return Cells(centres, np.argsort(cell_of, kind="stable"), starts, asked)


def rank_in_cells(
    metric: Metric, queries: Queries, catalogue: Catalogue, cells: Cells, ranking: Ranking
) -> list[Neighbours]:
    """As `rank_neighbours`, over the cells nearest to each query; over the whole catalogue where these do not do.

    Parameters
    ----------
    queries : Queries
        Some thousands at a time: every cell is prepared anew for each call.
    """
    candidates = _candidates(metric, queries, catalogue, cells, ranking)
    lists = make_lists(metric, queries, candidates, catalogue, ranking)
    short = np.array([number for number, one in enumerate(lists) if len(one.rows) < ranking.n], np.int64)
    if len(short):
        for number, one in zip(short, rank_neighbours(metric, queries.take(short), catalogue, ranking), strict=True):
            lists[number] = one
    return lists


def _candidates(metric: Metric, queries: Queries, catalogue: Catalogue, cells: Cells, ranking: Ranking) -> Rows:
    """The best of all cells that each query asks; where there are too few, the query itself, which no list holds."""
    count = ranking.candidates
    best = np.full((len(queries.rows), count), np.inf, np.float32)
    rows = np.repeat(queries.rows[:, None], count, axis=1)
    nearness = _nearness(metric, queries.profiles, cells.centres)
    asks = np.zeros(nearness.shape, bool)
    np.put_along_axis(asks, np.argpartition(nearness, cells.asked - 1, axis=1)[:, : cells.asked], True, axis=1)
    for cell in range(len(cells.centres)):
        asking, members = np.flatnonzero(asks[:, cell]), cells.members(cell)
        distances = metric.between(queries.profiles[asking], metric.expand(catalogue.profiles[members]))
        scores = score_pairs(distances, queries.take(asking), catalogue.surroundings.take(members))
        joined = np.concatenate([best[asking], scores], axis=1)
        known = np.concatenate([rows[asking], np.broadcast_to(members, scores.shape)], axis=1)
        kept = np.argpartition(joined, count - 1, axis=1)[:, :count]
        best[asking] = np.take_along_axis(joined, kept, axis=1)
        rows[asking] = np.take_along_axis(known, kept, axis=1)
    return rows


def _enough(metric: Metric, catalogue: Catalogue, cell_of: Rows, centres: Matrix, queries: Rows) -> int:
    """How many of the cells nearest to a track hold nearly all its true neighbours."""
    order = np.argsort(_nearness(metric, catalogue.profiles[queries], centres), axis=1)
    places = np.argsort(order, axis=1)
    found = rank_neighbours(metric, queries_of(catalogue, queries), catalogue, Ranking(10))
    depths = np.concatenate([place[cell_of[one.rows]] for place, one in zip(places, found, strict=True)])
    depth = float(np.quantile(depths, _WANTED_SHARE)) if len(depths) else 0
    return min(len(centres), int(np.ceil((depth + 1) * _MARGIN)))


def _flatten(metric: Metric, profiles: Matrix) -> Matrix:
    """Points whose Euclidean distance is about the square root of the divergence, for tracks of usual variance."""
    weights = np.sqrt(np.asarray(metric.layout.weights, np.float32))
    means = profiles[:, : metric.n_means] * weights[: metric.n_means]
    return np.concatenate([means, np.log(profiles[:, metric.n_means :]) * (weights / np.float32(2**0.5))], axis=1)


def _find_centres(points: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """A few rounds of Lloyd's algorithm: cells need not be the best ones."""
    centres = points[rng.permutation(len(points))[:count]].copy()
    for _ in range(_ITERATIONS):
        nearest = np.concatenate([_squared_distances(block, centres).argmin(axis=1) for block in _blocks(points)])
        sizes = np.bincount(nearest, minlength=count)
        order = np.argsort(nearest, kind="stable")
        filled = np.flatnonzero(sizes)
        sums = np.add.reduceat(points[order], np.cumsum(sizes)[filled] - sizes[filled], axis=0)
        centres[filled] = sums / sizes[filled, None]
    return centres


def _nearness(metric: Metric, profiles: Matrix, centres: Matrix) -> Matrix:
    return _squared_distances(_flatten(metric, profiles), centres)


def _squared_distances(points: Matrix, centres: Matrix) -> Matrix:
    """Less the square of each point, which does not change which centre is nearest."""
    found: Matrix = np.einsum("ij,ij->i", centres, centres) - 2 * points @ centres.T
    return found


def _blocks(rows: NDArray[np.float32]) -> list[Matrix]:
    return [rows[start : start + _BLOCK_ROWS] for start in range(0, len(rows), _BLOCK_ROWS)]
