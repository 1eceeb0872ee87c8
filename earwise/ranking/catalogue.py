"""What is ranked: the profiles of a library, what surrounds each track, and which tracks belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.proximity import Surroundings

Rows = NDArray[np.int64]

# Farthest that two files of one recording are from each other. Ten tracks and their MP3s of good and middling quality
# were at most 0.52 apart; of pairs of tracks of one package 999 in 1,000 are farther apart than 1.25.
COPY_DISTANCE = 0.6


@dataclass(frozen=True, slots=True)
class Groups:
    """Which tracks are of one recording, and which of one artist.

    Attributes
    ----------
    copies : ndarray [shape=(n,), dtype=int64]
        Equal numbers are files of one recording.
    artists : ndarray [shape=(n,), dtype=int64]
        Equal numbers are of one artist; -1 where the tags name none.
    """

    copies: Rows
    artists: Rows


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tracks that can be recommended, in a fixed order.

    Attributes
    ----------
    profiles : ndarray [shape=(n, n_profile), dtype=float32]
        Of `Metric.profile`.
    surroundings : Surroundings
        Of each track.
    groups : Groups
        Of each track.
    """

    profiles: Matrix
    surroundings: Surroundings
    groups: Groups

    def __len__(self) -> int:
        return len(self.profiles)

    def take(self, rows: Rows) -> Catalogue:
        """A catalogue of some of the tracks."""
        groups = Groups(self.groups.copies[rows], self.groups.artists[rows])
        return Catalogue(self.profiles[rows], self.surroundings.take(rows), groups)


def number_artists(artists: Sequence[str]) -> Rows:
    """A number for each artist; -1 for an empty name.

    >>> number_artists(["Ana", "", "Bo", "Ana"]).tolist()
    [0, -1, 1, 0]
    """
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) if name else -1 for name in artists], np.int64)


def find_copies(metric: Metric, profiles: Matrix, names: Sequence[str]) -> Rows:
    """Number the recordings: of one number are tracks of equal name that sound nearly identical, and equal profiles.

    Parameters
    ----------
    names : sequence of str
        Artist and title of each track, folded; tracks without a name are of no other's recording.

    Returns
    -------
    ndarray [shape=(n,), dtype=int64]
        The row of the first track of the recording.
    """
    first = np.arange(len(profiles))
    for equal in _equal_rows(profiles):
        first[equal] = equal[0]
    for rows in _rows_by(names):
        found: list[int] = []
        for row in rows:
            distances = metric.measure(profiles[row], profiles[found]) if found else np.empty(0)
            near = np.flatnonzero(distances <= COPY_DISTANCE)
            first[row] = first[found[near[0]]] if len(near) else first[row]
            found.append(row)
    return first


def _equal_rows(profiles: Matrix) -> list[Rows]:
    """The rows of every profile that more than one track has, by digests of 64 bits: 8 bytes a track."""
    weights = np.random.default_rng(1).integers(0, 2**63, profiles.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    digests = np.zeros(len(profiles), np.uint64)
    for column, weight in zip(np.ascontiguousarray(profiles).view(np.uint32).T, weights, strict=True):
        digests += column * weight
    order = np.argsort(digests, kind="stable")
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(digests[order])) + 1, [len(order)]])
    return [order[bounds[place] : bounds[place + 1]] for place in np.flatnonzero(np.diff(bounds) > 1)]


def _rows_by(keys: Sequence[str]) -> list[list[int]]:
    """The rows of every key that more than one row has."""
    rows = defaultdict(list)
    for row, key in enumerate(keys):
        if key:
            rows[key].append(row)
    return [found for found in rows.values() if len(found) > 1]
