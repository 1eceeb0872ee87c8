"""The distance of two tracks: symmetric Kullback-Leibler divergence of their Gaussians, on a logarithmic scale.

A track is a Gaussian with a diagonal covariance (Mandel and Ellis, ISMIR 2005, with one component). The divergence
does not change when a coefficient is shifted or scaled, so the library's own scale is used to keep the numbers near 1.
Its logarithm has tails that a normal distribution fits, which is what Mutual Proximity assumes. How it was chosen:
docs/benchmarks/training.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwise.errors import TrainingDataError
from earwise.ranking.layout import Layout

Matrix = NDArray[np.float32]

# Share of a coefficient's usual variance that is added to every variance, so that a track of constant sound is not
# infinitely far from all others. From 0 to 0.1 precision is the same; 0.03 has the fewest hubs.
_VARIANCE_FLOOR = 0.03
_BLOCK_ROWS = 65_536
# In units of the library's usual deviation: far beyond any sound, and near enough for sums of float32.
_FARTHEST_MEAN, _GREATEST_VARIANCE = 100.0, 1e4


@dataclass(frozen=True, slots=True)
class Metric:
    """A fitted distance.

    Attributes
    ----------
    layout : Layout
    shift : ndarray [shape=(n_means,), dtype=float64]
        Mean of each mean over the library.
    scale : ndarray [shape=(n_dimensions,), dtype=float64]
        The usual deviation of each dimension.
    """

    layout: Layout
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def n_means(self) -> int:
        """Dimensions that have a mean."""
        return len(self.shift)

    def profile(self, features: Matrix) -> Matrix:
        """Bring features to the library's scale: what all other methods take.

        Parameters
        ----------
        features : ndarray [shape=(n, n_features), dtype=float32]

        Returns
        -------
        ndarray [shape=(n, n_means + n_dimensions), dtype=float32]
            Means, then variances (greater than zero).
        """
        profiles = np.empty((len(features), self.n_means + len(self.scale)), np.float32)
        for rows in _blocks(features):
            profiles[rows] = self._profile(features[rows])
        return profiles

    def profile_in_place(self, features: Matrix) -> Matrix:
        """As `profile`, for a matrix that is worth no second one of its size: the profiles take the features' place.

        Parameters
        ----------
        features : ndarray [shape=(n, n_features), dtype=float32]
            Of a layout with as many statistics as profiles have, as that of summary vectors.
        """
        for rows in _blocks(features):
            features[rows] = self._profile(features[rows])
        return features

    def _profile(self, features: Matrix) -> Matrix:
        _check_finite(features)
        profiles = np.empty((len(features), self.n_means + len(self.scale)), np.float32)
        profiles[:, : self.n_means] = (features[:, self.layout.means] - self.shift) / self.scale[: self.n_means]
        for number, dimension in enumerate(self.layout.dimensions):
            deviations = 1.0 if dimension.deviation is None else features[:, dimension.deviation] / self.scale[number]
            profiles[:, self.n_means + number] = np.square(deviations) + _VARIANCE_FLOOR
        np.clip(profiles, -_FARTHEST_MEAN, _GREATEST_VARIANCE, out=profiles)
        np.minimum(profiles[:, : self.n_means], _FARTHEST_MEAN, out=profiles[:, : self.n_means])
        return profiles

    def expand(self, profiles: Matrix) -> Matrix:
        """The catalogue's side of `between`; worth keeping where many queries meet one catalogue."""
        means, variances = self._split(profiles)
        inverse = 1 / variances
        squares = variances.copy()
        squares[:, : self.n_means] += np.square(means)
        sharp = means * inverse[:, : self.n_means]
        own = 0.5 * (means * sharp) @ self._weights[: self.n_means]
        return np.column_stack([0.5 * inverse, 0.5 * squares, -means, -sharp, own, np.ones_like(own)])

    def between(self, queries: Matrix, expanded: Matrix) -> Matrix:
        """Distance of each query to each track of a catalogue, by one matrix product.

        Parameters
        ----------
        queries : ndarray [shape=(q, n_means + n_dimensions), dtype=float32]
            Profiles.
        expanded : ndarray [shape=(n, n_expanded), dtype=float32]
            What `expand` made of the catalogue's profiles.

        Returns
        -------
        ndarray [shape=(q, n), dtype=float32]
            Zero or more; near zero with an error of about 1e-4, which `measure` does not have.
        """
        means, variances = self._split(queries)
        weights = self._weights
        inverse = 1 / variances
        squares = variances.copy()
        squares[:, : self.n_means] += np.square(means)
        sharp = means * inverse[:, : self.n_means]
        weighted = weights[: self.n_means]
        # One more than the divergence, so that the logarithm can be taken in place.
        own = 0.5 * (means * sharp) @ weighted - weights.sum() + 1
        left = np.column_stack(
            [squares * weights, inverse * weights, sharp * weighted, means * weighted, np.ones_like(own), own]
        )
        found: Matrix = left @ expanded.T
        np.maximum(found, 1, out=found)
        return np.log(found, out=found)

    def measure(self, queries: Matrix, others: Matrix) -> Matrix:
        """Distances of pairs of profiles, without the loss of digits that the matrix product has for near ones.

        Parameters
        ----------
        queries, others : ndarray [shape=(..., n_means + n_dimensions), dtype=float32]
            Broadcast against each other.

        Returns
        -------
        ndarray [shape=(...), dtype=float32]
        """
        ours, theirs = queries[..., self.n_means :], others[..., self.n_means :]
        divergence = (np.square(ours - theirs) / (ours * theirs)) @ self._weights
        inverse = 1 / ours[..., : self.n_means] + 1 / theirs[..., : self.n_means]
        apart = np.square(queries[..., : self.n_means] - others[..., : self.n_means])
        divergence += (apart * inverse) @ self._weights[: self.n_means]
        distances: Matrix = np.log1p(0.5 * divergence)
        return distances

    @property
    def _weights(self) -> Matrix:
        return np.asarray(self.layout.weights, np.float32)

    def _split(self, profiles: Matrix) -> tuple[Matrix, Matrix]:
        return profiles[:, : self.n_means], profiles[:, self.n_means :]


def _blocks(matrix: Matrix) -> Iterator[slice]:
    return (slice(start, start + _BLOCK_ROWS) for start in range(0, len(matrix), _BLOCK_ROWS))


def fit_metric(features: Matrix, layout: Layout) -> Metric:
    """Learn the library's scale.

    Parameters
    ----------
    features : ndarray [shape=(n, n_features), dtype=float32]

    Raises
    ------
    TrainingDataError
        If the features are not finite, or there are none.
    """
    if not len(features):
        raise TrainingDataError("There are no tracks to learn a distance from.")
    _check_finite(features)
    shift = np.array([features[:, column].mean(dtype=np.float64) for column in layout.means])
    spread = np.array([features[:, column].std(dtype=np.float64) for column in layout.means])
    scale = np.ones(len(layout.dimensions))
    for number, dimension in enumerate(layout.dimensions):
        usual = 0.0
        if dimension.deviation is not None:
            usual = float(np.sqrt(np.mean(np.square(features[:, dimension.deviation], dtype=np.float64))))
        # Where nothing varies in a track, what varies between tracks is the scale; where nothing does, any will do.
        scale[number] = usual or (float(spread[number]) if number < len(spread) else 0.0) or 1.0
    return Metric(layout, shift, scale)


def _check_finite(features: Matrix) -> None:
    # A sum is finite only if all it is made of is: no second matrix, as asking each value would take.
    with np.errstate(invalid="ignore"):
        total = features.sum(dtype=np.float64)
    if not np.isfinite(total):
        raise TrainingDataError("Features hold values that are not numbers; nothing can be ranked by them.")
