"""Ranked neighbours of tracks: by Mutual Proximity over a whole catalogue, in blocks of bounded memory.

For every pair there is a distance, and a score that takes one multiplication and is nearly Mutual Proximity; only the
best by that score are then measured exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earwise.ranking.catalogue import Catalogue, Rows
from earwise.ranking.lists import select
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.proximity import Surroundings, mutual_proximity

_BLOCK_BYTES = 64 * 2**20
#: Tracks of the largest catalogue that is expanded as a whole.
MOST_EXPANDED = 200_000
# So many tracks of the catalogue at a time stay in the processor's cache from product to score: a quarter faster.
_TILE_ROWS = 4_096
# Of 677 tracks' top tens by Mutual Proximity, 99 % were among the first 14 by the score, and all among the first 109.
_CANDIDATES_PER_NEIGHBOUR, _FEWEST_CANDIDATES = 4, 256
_SAMPLE_STEP = 16


@dataclass(frozen=True, slots=True)
class Queries:
    """Tracks whose neighbours are asked for.

    Attributes
    ----------
    profiles : ndarray [shape=(q, n_profile), dtype=float32]
    surroundings : Surroundings
        Of each of them.
    rows : ndarray [shape=(q,), dtype=int64]
        Which row of the catalogue each is; -1 for a track that is not in it.
    copies : ndarray [shape=(q,), dtype=int64]
        The recording of the catalogue that each is of; -1 for none.
    """

    profiles: Matrix
    surroundings: Surroundings
    rows: Rows
    copies: Rows

    def take(self, chosen: Rows) -> Queries:
        """Some of the queries."""
        return Queries(self.profiles[chosen], self.surroundings.take(chosen), self.rows[chosen], self.copies[chosen])


@dataclass(frozen=True, slots=True)
class Ranking:
    """How lists are made.

    Attributes
    ----------
    n : int
        Neighbours in a list.
    most_per_artist : int
        Of them by one artist; 0 for any number.
    is_exhaustive : bool
        Whether every pair is ranked by Mutual Proximity itself: the truth that a faster search is measured against.
    """

    n: int
    most_per_artist: int = 0
    is_exhaustive: bool = False

    @property
    def candidates(self) -> int:
        """How many candidates of each query are measured exactly."""
        return max(_CANDIDATES_PER_NEIGHBOUR * self.n, _FEWEST_CANDIDATES)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """One list: rows of the catalogue and their Mutual Proximity to the query, nearest first."""

    rows: Rows
    distances: Matrix


def queries_of(catalogue: Catalogue, rows: Rows) -> Queries:
    """Tracks of the catalogue itself as queries."""
    return Queries(catalogue.profiles[rows], catalogue.surroundings.take(rows), rows, catalogue.groups.copies[rows])


def rank_neighbours(metric: Metric, queries: Queries, catalogue: Catalogue, ranking: Ranking) -> list[Neighbours]:
    """The neighbours of each query: the query's own recording left out, each other recording once.

    Equal proximities are ranked by distance, then by row.

    Returns
    -------
    list of Neighbours
        One for each query, of ``ranking.n`` tracks, or fewer where there are not as many.
    """
    step = max(1, _BLOCK_BYTES // (4 * max(1, len(catalogue))))
    # The expanded catalogue is twice the profiles, beside which the process that trains is to hold nothing larger: that
    # one asks few queries, of the truth or to prepare cells.
    is_worth_it = len(queries.rows) > step and len(catalogue) <= MOST_EXPANDED and not ranking.is_exhaustive
    expanded = metric.expand(catalogue.profiles) if is_worth_it else None
    found: list[Neighbours] = []
    for start in range(0, len(queries.rows), step):
        block = queries.take(np.arange(start, min(start + step, len(queries.rows))))
        found += _rank_block(metric, block, catalogue, expanded, ranking)
    return found


def _rank_block(
    metric: Metric, queries: Queries, catalogue: Catalogue, expanded: Matrix | None, ranking: Ranking
) -> list[Neighbours]:
    scores = np.empty((len(queries.rows), len(catalogue)), np.float32)
    for start in range(0, len(catalogue), _TILE_ROWS):
        tile = slice(start, start + _TILE_ROWS)
        theirs = metric.expand(catalogue.profiles[tile]) if expanded is None else expanded[tile]
        distances = metric.between(queries.profiles, theirs)
        around = catalogue.surroundings.take(tile)
        scores[:, tile] = score_pairs(distances, queries, around, is_exhaustive=ranking.is_exhaustive)
    known = np.flatnonzero(queries.rows >= 0)
    scores[known, queries.rows[known]] = np.inf
    count = min(ranking.candidates, len(catalogue))
    lists = make_lists(metric, queries, _best(scores, count), catalogue, ranking)
    if count < len(catalogue):
        # Copies, or many tracks of one artist, may have used the candidates up.
        for query in (number for number, one in enumerate(lists) if len(one.rows) < ranking.n):
            only = np.array([query])
            candidates = _best_allowed(scores[query], queries.copies[only], catalogue, ranking, count)
            lists[query] = make_lists(metric, queries.take(only), candidates, catalogue, ranking)[0]
    return lists


def score_pairs(distances: Matrix, queries: Queries, theirs: Surroundings, *, is_exhaustive: bool = False) -> Matrix:
    """What candidates are chosen by, in place of the distances, which are overwritten: lower is better."""
    ours = queries.surroundings
    if is_exhaustive:
        columns = Surroundings(ours.centre[:, None], ours.spread[:, None])
        return mutual_proximity(distances, columns, theirs).astype(np.float32)
    # The sum of both sides' standard scores, less what is the same for all candidates of a query.
    distances *= 1 / ours.spread[:, None] + 1 / theirs.spread
    distances -= theirs.centre / theirs.spread
    return distances


def _best(scores: Matrix, count: int) -> Rows:
    """The places of the lowest scores of each row, in any order."""
    if count == scores.shape[1]:
        return np.broadcast_to(np.arange(count), scores.shape)
    if scores.shape[1] < _SAMPLE_STEP * count:
        return np.argpartition(scores, count - 1, axis=1)[:, :count]
    # Over 100,000 tracks ten times as fast: a sample says which score about half as many again as are wanted have.
    place = 3 * count // (2 * _SAMPLE_STEP)
    limits = np.partition(scores[:, ::_SAMPLE_STEP], place, axis=1)[:, place]
    return np.stack([_best_below(row, limit, count) for row, limit in zip(scores, limits, strict=True)])


def _best_below(scores: Matrix, limit: np.float32, count: int) -> Rows:
    places = np.flatnonzero(scores <= limit)
    if len(places) < count:
        places = np.arange(len(scores))
    return places[np.argpartition(scores[places], count - 1)[:count]]


def _best_allowed(scores: Matrix, seed_copies: Rows, catalogue: Catalogue, ranking: Ranking, count: int) -> Rows:
    """The best candidates of one query that a list can hold, with some of each artist to choose from."""
    order = np.argsort(scores, kind="stable")[None, :]
    several = _CANDIDATES_PER_NEIGHBOUR * ranking.most_per_artist
    return order[:, select(order, seed_copies, catalogue.groups, several)[0]][:, :count]


def make_lists(
    metric: Metric, queries: Queries, candidates: Rows, catalogue: Catalogue, ranking: Ranking
) -> list[Neighbours]:
    """Lists of the best candidates, measured exactly.

    Parameters
    ----------
    candidates : ndarray [shape=(q, c), dtype=int64]
        Rows of the catalogue for each query; one more than once only if it is the query itself.
    """
    distances = np.stack(
        [
            metric.measure(profile, catalogue.profiles[rows])
            for profile, rows in zip(queries.profiles, candidates, strict=True)
        ]
    )
    ours = queries.surroundings
    proximities = mutual_proximity(
        distances,
        Surroundings(ours.centre[:, None], ours.spread[:, None]),
        catalogue.surroundings.take(candidates),
    )
    order = np.lexsort((candidates, distances, proximities), axis=1)
    candidates = np.take_along_axis(candidates, order, axis=1)
    proximities = np.take_along_axis(proximities, order, axis=1)
    stays = select(candidates, queries.copies, catalogue.groups, ranking.most_per_artist)
    stays &= candidates != queries.rows[:, None]
    kept = [np.flatnonzero(row)[: ranking.n] for row in stays]
    return [
        Neighbours(rows[places], near[places].astype(np.float32))
        for rows, near, places in zip(candidates, proximities, kept, strict=True)
    ]
