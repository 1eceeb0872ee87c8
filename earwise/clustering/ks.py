"""Which numbers of clusters are tried, and which is taken.

The rule: the k with the highest silhouette, of equals the one with fewer clusters. Listeners know their clusters, so k
stays as it is until the rule prefers another by `CHANGE_MARGIN` on `NIGHTS` nights in a row (docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from earwise.errors import TrainingDataError
from earwise.store.model_runs import KTrial, ModelRun

CHANGE_MARGIN = 0.01
NIGHTS = 3

_MOST_TRIALS = 6
_FEWEST_CLUSTERS, _MOST_CLUSTERS = 2, 48


def ks_to_try(
    n_tracks: int, k_min: int | None = None, k_max: int | None = None, present_k: int | None = None
) -> list[int]:
    """Up to six values of k, evenly spaced on a logarithmic scale.

    Unless given, the range fits the library: from the cube root of its size (few clusters that a person can survey)
    to 1.2 times its square root (clusters of about as many tracks as there are clusters), 48 at most.

    Parameters
    ----------
    k_min, k_max : int or None
        Bounds asked for; cut to what `n_tracks` allow.
    present_k : int or None
        Of the model that is served; takes the place of the value next to it, unless the bounds leave it out.

    >>> ks_to_try(100)
    [5, 6, 7, 8, 10, 12]
    >>> ks_to_try(100, k_min=3, k_max=4)
    [3, 4]
    >>> ks_to_try(100, present_k=9)
    [5, 6, 7, 9, 10, 12]
    """
    if k_min is not None and k_max is not None and k_min > k_max:
        raise TrainingDataError(f"The range of k is empty: k_min={k_min} is greater than k_max={k_max}.")
    upper_bound = max(_FEWEST_CLUSTERS, n_tracks - 1)
    lower = k_min if k_min is not None else min(round(n_tracks ** (1 / 3)), 16, k_max or _MOST_CLUSTERS)
    upper = k_max if k_max is not None else max(min(round(1.2 * n_tracks**0.5), _MOST_CLUSTERS), lower)
    lower, upper = (min(max(bound, _FEWEST_CLUSTERS), upper_bound) for bound in (lower, upper))
    ks = {round(k) for k in np.geomspace(lower, upper, _MOST_TRIALS)}
    allowed = range(k_min or _FEWEST_CLUSTERS, min(k_max or upper_bound, upper_bound) + 1)
    if present_k in allowed and present_k not in ks:
        ks = ks - {min(ks, key=lambda k: (abs(k - present_k), k))} | {present_k}
    return sorted(ks)


def choose_k(
    trials: Sequence[KTrial], present_k: int | None = None, earlier_nights: Sequence[Sequence[KTrial]] = ()
) -> KTrial:
    """The trial whose k is taken.

    Parameters
    ----------
    trials : sequence of KTrial
        Of tonight.
    present_k : int or None
        Of the model that is served; None before the first. Where it was not tried, the rule alone decides.
    earlier_nights : sequence of sequence of KTrial
        Trials of the nights before, newest first.

    Raises
    ------
    TrainingDataError
        If no trial put the tracks into more than one cluster.
    """
    preferred = _prefer(trials)
    if preferred is None:
        raise TrainingDataError("All tracks sound the same to KMeans: every k left one populated cluster.")
    present = next((trial for trial in trials if trial.k == present_k and _is_sensible(trial)), None)
    if present is None:
        return preferred
    nights = [trials, *earlier_nights][:NIGHTS]
    is_change = len(nights) == NIGHTS and all(_prefers_another(night, present.k) for night in nights)
    return preferred if is_change else present


def earlier_nights(runs: Iterable[ModelRun], feature_version: str, now: datetime) -> list[tuple[KTrial, ...]]:
    """The trials of the days before today, newest first: of each day the last run that ended well.

    Parameters
    ----------
    runs : iterable of ModelRun
        Newest first.
    """
    nights: dict[object, tuple[KTrial, ...]] = {}
    for run in runs:
        night = run.created_at.date()
        if night < now.date() and run.k and run.feature_version == feature_version:
            nights.setdefault(night, run.trials)
    return list(nights.values())


def _prefer(trials: Sequence[KTrial]) -> KTrial | None:
    sensible = filter(_is_sensible, trials)
    return max(sensible, key=lambda trial: (trial.silhouette, -trial.k), default=None)


def _prefers_another(trials: Sequence[KTrial], present_k: int) -> bool:
    preferred = _prefer(trials)
    present = next((trial for trial in trials if trial.k == present_k), None)
    return preferred is not None and present is not None and preferred.silhouette >= present.silhouette + CHANGE_MARGIN


def _is_sensible(trial: KTrial) -> bool:
    return sum(size > 0 for size in trial.sizes) > 1
