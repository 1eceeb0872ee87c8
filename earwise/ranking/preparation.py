"""From features to what is ranked: the one way that training, assigning and evaluation all take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earwise.ranking.catalogue import Catalogue, Groups, Rows, find_copies, number_artists
from earwise.ranking.layout import Layout
from earwise.ranking.metric import Matrix, Metric, fit_metric
from earwise.ranking.proximity import reference_rows, survey


@dataclass(frozen=True, slots=True)
class TagNames:
    """What the tags say of each track, as far as ranking uses it.

    Attributes
    ----------
    names : sequence of str
        Artist and title, folded; empty where there is no title.
    artists : sequence of str
        Folded; empty where the tags name none.
    """

    names: Sequence[str]
    artists: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reference:
    """The fixed sample of tracks that surroundings are measured by.

    Attributes
    ----------
    track_ids : tuple of str
    profiles : ndarray [shape=(r, n_profile), dtype=float32]
    """

    track_ids: tuple[str, ...]
    profiles: Matrix


def fit(features: Matrix, track_ids: Sequence[str], layout: Layout) -> tuple[Metric, Reference]:
    """Learn a library's scale, and draw its reference sample.

    Parameters
    ----------
    features : ndarray [shape=(n, n_features), dtype=float32]
    track_ids : sequence of str
        Of the rows of `features`.
    """
    metric = fit_metric(features, layout)
    chosen = reference_rows(track_ids)
    return metric, Reference(tuple(track_ids[row] for row in chosen), metric.profile(features[chosen]))


def make_catalogue(
    metric: Metric, reference: Reference, features: Matrix, track_ids: Sequence[str], tags: TagNames
) -> Catalogue:
    """All that is needed to rank these tracks, in their order."""
    return make_catalogue_of_profiles(metric, reference, metric.profile(features), track_ids, tags)


def make_catalogue_of_profiles(
    metric: Metric, reference: Reference, profiles: Matrix, track_ids: Sequence[str], tags: TagNames
) -> Catalogue:
    """As `make_catalogue`, from what `metric` made of the features."""
    surroundings = survey(metric, profiles, reference.profiles, _places(track_ids, reference.track_ids))
    groups = Groups(find_copies(metric, profiles, tags.names), number_artists(tags.artists))
    return Catalogue(profiles, surroundings, groups)


def _places(track_ids: Sequence[str], reference_ids: Sequence[str]) -> Rows:
    place_of = {track_id: place for place, track_id in enumerate(reference_ids)}
    return np.array([place_of.get(track_id, -1) for track_id in track_ids], np.int64)
