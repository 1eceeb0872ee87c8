"""A map of the library: two principal components of the profiles, turned so that tracks stay where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.metric import Matrix, Metric

_BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Projection:
    """From profiles to places on the map.

    Attributes
    ----------
    centre : ndarray [shape=(n_profile,), dtype=float64]
    components : ndarray [shape=(n_profile, 2), dtype=float64]
    origin : ndarray [shape=(2,), dtype=float64]
        Where the centre lies on the map.
    """

    centre: NDArray[np.float64]
    components: NDArray[np.float64]
    origin: NDArray[np.float64]

    def place(self, metric: Metric, profiles: Matrix) -> Matrix:
        """Coordinates of tracks.

        Returns
        -------
        ndarray [shape=(n, 2), dtype=float32]
        """
        places = (_spread_out(metric, profiles) - self.centre) @ self.components + self.origin
        return places.astype(np.float32)


def fit_projection(metric: Metric, profiles: Matrix) -> Projection:
    """The two directions in which the library differs most; the greatest weight in each is positive.

    Parameters
    ----------
    profiles : ndarray [shape=(n, n_profile), dtype=float32]
    """
    blocks = [slice(start, start + _BLOCK_ROWS) for start in range(0, len(profiles), _BLOCK_ROWS)]
    centre = np.zeros(profiles.shape[1])
    for block in blocks:
        centre += _spread_out(metric, profiles[block]).sum(axis=0) / len(profiles)
    scatter = np.zeros((len(centre), len(centre)))
    for block in blocks:
        apart = _spread_out(metric, profiles[block]) - centre
        scatter += apart.T @ apart
    _, directions = np.linalg.eigh(scatter)
    components = np.zeros((len(centre), 2))
    found = directions[:, ::-1][:, :2]
    components[:, : found.shape[1]] = found
    greatest = components[np.abs(components).argmax(axis=0), [0, 1]]
    return Projection(centre, components * np.where(greatest < 0, -1, 1), np.zeros(2))


def align(projection: Projection, ours: Matrix, theirs: Matrix) -> Projection:
    """Turn, mirror and shift a map so that tracks known to an earlier one come to lie where they were.

    The orthogonal Procrustes problem (Schönemann, Psychometrika 31, 1966).

    Parameters
    ----------
    ours, theirs : ndarray [shape=(m, 2), dtype=float32]
        Places of the same tracks on this map and on the earlier one; fewer than two say nothing.
    """
    if len(ours) < 2:
        return projection
    here, there = ours.mean(axis=0, dtype=np.float64), theirs.mean(axis=0, dtype=np.float64)
    left, _, right = np.linalg.svd((ours - here).T @ (theirs - there))
    rotation = left @ right
    origin = there + (projection.origin - here) @ rotation
    return Projection(projection.centre, projection.components @ rotation, origin)


def _spread_out(metric: Metric, profiles: Matrix) -> NDArray[np.float64]:
    """Profiles with logarithmic variances, in which a difference counts the same wherever it is."""
    spread = profiles.astype(np.float64)
    spread[:, metric.n_means :] = np.log(spread[:, metric.n_means :])
    return spread
