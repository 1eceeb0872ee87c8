"""Libraries of made-up MFCC statistics: Gaussians in groups, some of which sound like nothing else."""

from __future__ import annotations

import numpy as np

from earwise.ranking.catalogue import Catalogue
from earwise.ranking.layout import summary_layout
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.preparation import TagNames, fit, make_catalogue

N_MFCC = 13


def make_sounds(groups: int, size: int, *, seed: int = 0, apart: float = 1.0) -> Matrix:
    """Summary vectors [shape=(groups * size, 3 * N_MFCC)]: each group has a sound, each track its own of it."""
    rng = np.random.default_rng(seed)
    usual = 40 / np.sqrt(1 + np.arange(N_MFCC))
    means = rng.normal(0, apart, (groups, 1, N_MFCC)) + rng.normal(0, 0.7, (groups, size, N_MFCC))
    loudness = rng.normal(0, 0.3 * apart, (groups, 1, 1)) + rng.normal(0, 0.15, (groups, size, N_MFCC))
    deviations = usual * np.exp(loudness)
    slopes = deviations * 0.1 * np.exp(rng.normal(0, 0.2, (groups, size, N_MFCC)))
    found: Matrix = np.concatenate([means * usual, deviations, slopes], axis=2).reshape(-1, 3 * N_MFCC)
    return found.astype(np.float32)


def track_ids(n: int) -> list[str]:
    return [f"track {number}" for number in range(n)]


def catalogue_of(
    features: Matrix, names: list[str] | None = None, artists: list[str] | None = None
) -> tuple[Metric, Catalogue]:
    """Fit a distance to features and make them a catalogue."""
    ids = track_ids(len(features))
    tags = TagNames(names or [""] * len(ids), artists or [""] * len(ids))
    metric, reference = fit(features, ids, summary_layout(features.shape[1]))
    return metric, make_catalogue(metric, reference, features, ids, tags)
