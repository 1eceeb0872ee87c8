"""Evaluates lists: what a search for speed lost, hubs and orphans, and what labels say, beside plainer methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earwise.evaluation import baselines
from earwise.evaluation.baselines import Allowed
from earwise.evaluation.measures import TOP, Lists, accuracy, as_lists, overlap, precision, skewness, times_listed
from earwise.ranking.catalogue import Catalogue, Rows, number_artists
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.neighbours import Ranking, queries_of, rank_neighbours
from earwise.store.model_runs import ListFigures

_RECALL_QUERIES = 1_000
_LABEL_QUERIES = 2_000
_SEED = 1
# So many more candidates are ranked than are wanted, because those by the query's own artist are left out.
_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure for Earwise and for each plainer method."""

    earwise: float | None
    minmax_euclidean: float | None
    same_cluster: float | None
    random: float | None


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """What labels say, the same artist's tracks left out: precision at ten, and accuracy of the ten nearest's vote."""

    precision_at_10: Comparison
    accuracy_10nn: Comparison


def judge_lists(metric: Metric, catalogue: Catalogue, ranking: Ranking, lists: Lists) -> ListFigures:
    """Measure published lists.

    Parameters
    ----------
    ranking : Ranking
        How they were made.
    lists : ndarray [shape=(n, l), dtype=int32]
        Of every track of the catalogue.
    """
    rng = np.random.default_rng(_SEED)
    n = len(catalogue)
    queries = np.sort(rng.permutation(n)[:_RECALL_QUERIES])
    exhaustive = Ranking(TOP, ranking.most_per_artist, is_exhaustive=True)
    truth = as_lists(rank_neighbours(metric, queries_of(catalogue, queries), catalogue, exhaustive), TOP)
    counts = times_listed(lists[:, :TOP], catalogue.groups.copies)
    everywhere = times_listed(lists, catalogue.groups.copies)
    return ListFigures(
        recall_at_10=overlap(lists[queries, :TOP], truth),
        hub_skew_at_10=skewness(counts),
        orphan_share=float(np.mean(counts == 0)) if n else None,
        coverage=float(np.mean(everywhere > 0)) if n else None,
    )


def judge_labels(metric: Metric, catalogue: Catalogue, plain: Matrix, labels: Sequence[str]) -> LabelFigures | None:
    """Ask how often neighbours carry the query's label; None unless two labels are on two tracks each or more.

    Parameters
    ----------
    plain : ndarray [shape=(n, m), dtype=float32]
        Means and deviations as they were measured, for the plainer methods.
    labels : sequence of str
        Of the catalogue's tracks; empty for none.
    """
    numbers = number_artists(labels)
    is_labelled = numbers >= 0
    if np.count_nonzero(np.bincount(numbers[is_labelled], minlength=2) > 1) < 2:
        return None
    rng = np.random.default_rng(_SEED)
    queries = np.sort(rng.permutation(np.flatnonzero(is_labelled))[:_LABEL_QUERIES])
    allowed = Allowed(catalogue.groups.copies, catalogue.groups.artists, is_labelled)
    points = baselines.scale_to_range(plain)
    clusters = np.full(len(points), -1)
    clusters[is_labelled] = baselines.kmeans(points[is_labelled], baselines.CLUSTERS, rng)
    made = {
        "earwise": ranked_lists(metric, catalogue, queries, allowed, TOP),
        "minmax_euclidean": baselines.nearest(points, queries, allowed, TOP),
        "same_cluster": baselines.drawn(queries, allowed, TOP, rng, clusters),
        "random": baselines.drawn(queries, allowed, TOP, rng),
    }
    return LabelFigures(
        Comparison(**{name: precision(lists, numbers, queries) for name, lists in made.items()}),
        Comparison(**{name: accuracy(lists, numbers, queries) for name, lists in made.items()}),
    )


def ranked_lists(metric: Metric, catalogue: Catalogue, queries: Rows, allowed: Allowed, n: int) -> Lists:
    """Earwise's own lists of allowed tracks, as many of one artist as there are."""
    found = rank_neighbours(metric, queries_of(catalogue, queries), catalogue, Ranking(_DEPTH))
    lists = np.full((len(queries), n), -1, np.int32)
    for place, (query, one) in enumerate(zip(queries, found, strict=True)):
        kept = one.rows[allowed.of(int(query))[one.rows]][:n]
        lists[place, : len(kept)] = kept
    return lists
