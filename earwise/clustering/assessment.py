"""The nightly evaluation of a model, on what training has in memory anyway."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from earwise.clustering.library import Library
from earwise.evaluation.collection import plain_of
from earwise.evaluation.evaluate import judge_labels, judge_lists
from earwise.evaluation.measures import TOP, Lists, overlap
from earwise.log import fields
from earwise.ranking.catalogue import Rows
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Ranking
from earwise.store import Store
from earwise.store.model_runs import Quality

log = logging.getLogger(__name__)

# Labels are asked within a sample, so that the night costs the same whatever the library's size; ./run evaluate asks
# the whole library.
_MOST_LABELLED = 5_000
_AGREEMENT_QUERIES = 1_000
_SEED = 1


@dataclass(frozen=True, slots=True)
class LabelledSample:
    """Tracks whose tags name a genre.

    Attributes
    ----------
    rows : ndarray [shape=(m,), dtype=int64]
        Of the library.
    plain : ndarray [shape=(m, n), dtype=float32]
        Their means and deviations as they were measured.
    genres : list of str
    """

    rows: Rows
    plain: Matrix
    genres: list[str]


def draw_sample(features: Matrix, genres: Sequence[str]) -> LabelledSample:
    """Take a random sample of the tracks that have a genre, while the features are at hand."""
    labelled = np.flatnonzero([bool(genre) for genre in genres])
    rows = np.sort(np.random.default_rng(_SEED).permutation(labelled)[:_MOST_LABELLED])
    return LabelledSample(rows, plain_of(features[rows]), [genres[row] for row in rows])


def assess(store: Store, library: Library, sample: LabelledSample, ranking: Ranking, lists: Lists) -> Quality:
    """Measure a model's lists, and log each figure.

    Parameters
    ----------
    lists : ndarray [shape=(n, l), dtype=int32]
        As they were written.
    """
    metric, catalogue = library.search.metric, library.search.catalogue
    figures = judge_lists(metric, catalogue, ranking, lists)
    labels = judge_labels(metric, catalogue.take(sample.rows), sample.plain, sample.genres)
    quality = Quality(
        **asdict(figures),
        agreement=_agreement(store, library, lists),
        genre_precision_at_10=labels.precision_at_10.earwise if labels else None,
        genre_accuracy_10nn=labels.accuracy_10nn.earwise if labels else None,
    )
    log.info("model evaluated", extra=fields(tracks=len(library.track_ids), **asdict(quality)))
    if labels:
        log.info("genre precision at 10", extra=fields(**asdict(labels.precision_at_10)))
    return quality


def _agreement(store: Store, library: Library, lists: Lists) -> float | None:
    """Share of the served model's top tens that are in the new ones too; None without a model before."""
    before = store.models.active_id()
    if before is None:
        return None
    row_of = {track_id: row for row, track_id in enumerate(library.track_ids)}
    asked = np.random.default_rng(_SEED).permutation(len(library.track_ids))[:_AGREEMENT_QUERIES]
    earlier = np.full((len(asked), TOP), -1, np.int32)
    place_of = {library.track_ids[row]: place for place, row in enumerate(asked)}
    for track_id, near in store.model_parts.read_lists(before, place_of):
        known = [row_of[other] for other in near[:TOP] if other in row_of]
        earlier[place_of[track_id], : len(known)] = known
    return overlap(lists[asked, :TOP], earlier)
