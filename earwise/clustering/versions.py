"""Which feature version a model is trained in, and when the features of an old one may go."""

from __future__ import annotations

import logging
from heapq import merge
from itertools import groupby

from earwise.log import fields
from earwise.store import Store

log = logging.getLogger(__name__)

# A few tracks may lack the new version for long, because their disk is away or their batch failed.
ENOUGH_COVERAGE = 0.98


def choose_version(store: Store, current: str) -> str:
    """The current version once it covers the library; until then the one that the served model was trained in.

    Parameters
    ----------
    current : str
        Version of the configuration that this code extracts.
    """
    run = store.models.active_run()
    if run is None or run.feature_version == current or not store.features.count(run.feature_version):
        return current
    covered = coverage(store, current)
    if covered >= ENOUGH_COVERAGE:
        return current
    log.info(
        "training stays with the served version: the current one covers %.0f%% of the tracks",
        100 * covered,
        extra=fields(feature_version=run.feature_version, current=current),
    )
    return run.feature_version


def coverage(store: Store, feature_version: str) -> float:
    """Share of the ready tracks that have features in a version; 1 for an empty library."""
    ready = covered = 0
    # Both come in order of id, so neither has to be held in memory.
    tracks = ((track_id, True) for track_id in store.tracks.ready_ids())
    features = ((audio_id, False) for audio_id in store.features.audio_ids(feature_version))
    for _, group in groupby(merge(tracks, features), key=lambda item: item[0]):
        kinds = [is_track for _, is_track in group]
        ready += any(kinds)
        covered += len(kinds) == 2
    return covered / ready if ready else 1.0


def prune_features(store: Store, current: str) -> list[str]:
    """Delete the features of versions that neither this code extracts nor a kept model was trained in.

    Returns
    -------
    list of str
        The versions whose features were deleted.
    """
    runs = (store.model_runs.get(model_id) for model_id in store.model_parts.whole_ids())
    used = {run.feature_version for run in runs if run is not None} | {current}
    pruned = [version for version in store.features.versions() if version not in used]
    for version in pruned:
        log.info("deleted %d features", store.features.delete_version(version), extra=fields(feature_version=version))
    return pruned
