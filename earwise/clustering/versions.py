"""Which feature version a model is trained in, and when the features of an old one may go."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import batched, groupby

from earwise.log import fields
from earwise.store import Store
from earwise.store.tracks import FOUND_AT_ONCE

log = logging.getLogger(__name__)

# A few tracks may lack the new version for long, because their disk is away or their batch failed. So may those whose
# files are all in quarantine, which are not waited for.
ENOUGH_COVERAGE = 0.98
# A version that most of the library can't be measured in would recommend from the rest alone.
_LEAST_MEASURED = 0.5


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the library a feature version covers.

    Attributes
    ----------
    ready : int
        Tracks in the library.
    measured : int
        Those of them that have features in the version.
    unmeasurable : int
        Those of the rest whose files are all in quarantine, and so can't be measured by waiting. They are counted where
        they can make a difference, and are 0 elsewhere.
    """

    ready: int
    measured: int
    unmeasurable: int = 0

    @property
    def share(self) -> float:
        """Share of the tracks that can be measured that are; 1 where there are none.

        >>> Coverage(100, 95).share, Coverage(100, 95, 5).share, Coverage(0, 0).share
        (0.95, 1.0, 1.0)
        """
        measurable = self.ready - self.unmeasurable
        return self.measured / measurable if measurable else 1.0

    @property
    def is_enough(self) -> bool:
        """Whether training may move to the version.

        >>> Coverage(100, 98).is_enough, Coverage(100, 95, 5).is_enough, Coverage(100, 40, 60).is_enough
        (True, True, False)
        """
        return self.share >= ENOUGH_COVERAGE and self.measured >= _LEAST_MEASURED * self.ready


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
    if covered.is_enough:
        return current
    log.warning(
        "training stays with the served version: of %d tracks the current one has %d, and %.0f%% of those that can be"
        " measured are needed; %d can't, since their files are in quarantine",
        covered.ready,
        covered.measured,
        100 * ENOUGH_COVERAGE,
        covered.unmeasurable,
        extra=fields(feature_version=run.feature_version, current=current),
    )
    return run.feature_version


def coverage(store: Store, feature_version: str) -> Coverage:
    """How much of the library a version covers.

    Files that fail for a reason that may lie outside them stay with their track, which stays ready, so tracks that lack
    the version are looked at one by one; but no more than can make a difference.
    """
    # Each track that can't be measured has a file of its own in quarantine.
    most = store.quarantine.count() + (1 - ENOUGH_COVERAGE) * store.tracks.count_ready()
    ready = measured = 0
    lacking: list[str] = []
    # Both come in order of id, so neither has to be held in memory.
    tracks = ((track_id, True) for track_id in store.tracks.ready_ids())
    features = ((audio_id, False) for audio_id in store.features.audio_ids(feature_version))
    for track_id, group in groupby(merge(tracks, features), key=lambda item: item[0]):
        kinds = [is_track for _, is_track in group]
        ready += any(kinds)
        measured += len(kinds) == 2
        if kinds == [True] and len(lacking) <= most:
            lacking.append(track_id)
    found = Coverage(ready, measured)
    if found.share >= ENOUGH_COVERAGE or len(lacking) > most:
        return found
    return Coverage(ready, measured, _count_unmeasurable(store, lacking))


def _count_unmeasurable(store: Store, track_ids: Sequence[str]) -> int:
    count = 0
    for some in batched(track_ids, FOUND_AT_ONCE):
        files = [{file.location for file in track.files} for track in store.tracks.get_many(some).values()]
        quarantined = store.quarantine.those_of(set().union(*files))
        count += sum(bool(own) and own <= quarantined for own in files)
    return count


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
