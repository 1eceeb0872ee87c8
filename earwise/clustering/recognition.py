"""Which of today's clusters are those that listeners know, and what each sounds like."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from earwise.clustering.kmeans import ScaledFeatures
from earwise.clustering.library import Collected
from earwise.clustering.matching import Yesterday, cluster_means, look_back, match_centroids, note_changes
from earwise.clustering.sounds import describe_sound, moments
from earwise.ranking.catalogue import Rows
from earwise.ranking.metric import Matrix
from earwise.store import Store
from earwise.store.model_changes import Changes


@dataclass(frozen=True, slots=True)
class Recognised:
    """Today's clusters under their stable numbers.

    Attributes
    ----------
    numbers : dict of int to int
        What KMeans calls each cluster that holds tracks, by its stable number.
    sounds : dict of int to list of str
        Descriptions, the most telling first, by stable number.
    clusters : ndarray [shape=(n_tracks,), dtype=int64]
        Stable number of each track's cluster.
    """

    numbers: dict[int, int]
    sounds: dict[int, list[str]]
    clusters: Rows
    yesterday: Yesterday | None

    def former_name(self, number: int) -> str:
        """The name that this cluster has in the served model; empty for a new one."""
        return self.yesterday.names.get(number, "") if self.yesterday else ""

    def changes(self, names: Mapping[int, str]) -> Changes | None:
        """What is different from the served model; None without one."""
        return note_changes(self.yesterday, self.clusters, names) if self.yesterday else None


def recognise(
    store: Store, collected: Collected, scaled: ScaledFeatures, centroids: Matrix
) -> tuple[Collected, Recognised]:
    """Give today's clusters stable numbers; returns the library with these.

    Parameters
    ----------
    centroids : ndarray [shape=(k, n_features), dtype=float32]
        On today's scale, as KMeans counts them.
    """
    populated = np.unique(collected.clusters)
    yesterday = look_back(store, collected.track_ids)
    before = cluster_means(collected.features, yesterday.clusters) if yesterday else {}
    stable = match_centroids(
        centroids[populated],
        {number: scaled.scale(centre) for number, centre in before.items()},
        taken=yesterday.names if yesterday else (),
    )
    clusters = np.asarray(stable, np.int64)[np.searchsorted(populated, collected.clusters)]
    mean, deviation = moments(collected.features)
    means = cluster_means(collected.features, clusters)
    sounds = {number: describe_sound(means[number], mean, deviation) for number in stable}
    numbers = dict(zip(stable, populated.tolist(), strict=True))
    renumbered = dataclasses.replace(collected, clusters=clusters.astype(np.int32))
    return renumbered, Recognised(numbers, sounds, clusters, yesterday)
