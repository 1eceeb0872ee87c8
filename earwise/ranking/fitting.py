"""What training learns of a library's sound, besides clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earwise.ranking.artefact import Artefact
from earwise.ranking.catalogue import Catalogue
from earwise.ranking.layout import summary_layout
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.preparation import Reference, TagNames, fit, make_catalogue_of_profiles
from earwise.ranking.projection import Projection, align, fit_projection
from earwise.ranking.proximity import mutual_proximity

_PAIRS = 50_000
_SEED = 1


@dataclass(frozen=True, slots=True)
class FittedSound:
    """The distance, what it is measured by, and the map.

    Attributes
    ----------
    reference_places : ndarray [shape=(r, 2), dtype=float32]
        Of the reference sample on the map.
    quantiles : ndarray [shape=(101,), dtype=float32]
        Of the distances of random pairs.
    """

    metric: Metric
    reference: Reference
    projection: Projection
    reference_places: Matrix
    quantiles: Matrix


def fit_sound(
    features: Matrix, track_ids: Sequence[str], tags: TagNames, before: Artefact | None
) -> tuple[Catalogue, FittedSound]:
    """Learn from a library of summary vectors.

    Parameters
    ----------
    features : ndarray [shape=(n, n_features), dtype=float32]
        Overwritten by the catalogue's profiles: a large library is worth no second matrix.
    before : Artefact or None
        The model whose map this one's is turned to.
    """
    metric, reference = fit(features, track_ids, summary_layout(features.shape[1]))
    profiles = metric.profile_in_place(features)
    catalogue = make_catalogue_of_profiles(metric, reference, profiles, track_ids, tags)
    projection = fit_projection(metric, catalogue.profiles)
    if before is not None:
        projection = _turn_to(before, projection, projection.place(metric, reference.profiles), reference)
    places = projection.place(metric, reference.profiles)
    return catalogue, FittedSound(metric, reference, projection, places, distance_quantiles(metric, catalogue))


def distance_quantiles(metric: Metric, catalogue: Catalogue) -> Matrix:
    """The 0th to the 100th percentile of the distances of random pairs of tracks.

    Returns
    -------
    ndarray [shape=(101,), dtype=float32]
        Rising; zeros where there is no pair.
    """
    n = len(catalogue)
    if n < 2:
        return np.zeros(101, np.float32)
    rng = np.random.default_rng(_SEED)
    ours = rng.integers(0, n, _PAIRS)
    theirs = (ours + rng.integers(1, n, _PAIRS)) % n
    apart = metric.measure(catalogue.profiles[ours], catalogue.profiles[theirs])
    distances = mutual_proximity(apart, catalogue.surroundings.take(ours), catalogue.surroundings.take(theirs))
    quantiles: Matrix = np.quantile(distances, np.linspace(0, 1, 101)).astype(np.float32)
    return quantiles


def _turn_to(before: Artefact, projection: Projection, places: Matrix, reference: Reference) -> Projection:
    row_of = {track_id: row for row, track_id in enumerate(reference.track_ids)}
    known = [(row_of[found], row) for row, found in enumerate(before.reference.track_ids) if found in row_of]
    ours, theirs = np.array(known, np.int64).reshape(-1, 2).T
    return align(projection, places[ours], before.reference_places[theirs])
