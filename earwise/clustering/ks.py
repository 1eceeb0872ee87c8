"""Which numbers of clusters are tried, and which is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earwise.errors import TrainingDataError
from earwise.store.model_runs import KTrial

_MOST_TRIALS = 6
_FEWEST_CLUSTERS, _MOST_CLUSTERS = 2, 48


def ks_to_try(n_tracks: int, k_min: int | None = None, k_max: int | None = None) -> list[int]:
    """Up to six values of k, evenly spaced on a logarithmic scale.

    Unless given, the range fits the library: from the cube root of its size (few clusters that a person can survey)
    to 1.2 times its square root (clusters of about as many tracks as there are clusters), 48 at most.

    Parameters
    ----------
    k_min, k_max : int or None
        Bounds asked for; cut to what `n_tracks` allow.

    >>> ks_to_try(100)
    [5, 6, 7, 8, 10, 12]
    >>> ks_to_try(100, k_min=3, k_max=4)
    [3, 4]
    """
    if k_min is not None and k_max is not None and k_min > k_max:
        raise TrainingDataError(f"The range of k is empty: k_min={k_min} is greater than k_max={k_max}.")
    upper_bound = max(_FEWEST_CLUSTERS, n_tracks - 1)
    lower = k_min if k_min is not None else min(round(n_tracks ** (1 / 3)), 16, k_max or _MOST_CLUSTERS)
    upper = k_max if k_max is not None else max(min(round(1.2 * n_tracks**0.5), _MOST_CLUSTERS), lower)
    lower, upper = (min(max(bound, _FEWEST_CLUSTERS), upper_bound) for bound in (lower, upper))
    return sorted({round(k) for k in np.geomspace(lower, upper, _MOST_TRIALS)})


def choose_k(trials: Sequence[KTrial]) -> KTrial:
    """The trial with the highest silhouette; of equals the one with fewer clusters.

    Raises
    ------
    TrainingDataError
        If no trial put the tracks into more than one cluster.
    """
    sensible = [trial for trial in trials if sum(size > 0 for size in trial.sizes) > 1]
    if not sensible:
        raise TrainingDataError("All tracks sound the same to KMeans: every k left one populated cluster.")
    return max(sensible, key=lambda trial: (trial.silhouette, -trial.k))
