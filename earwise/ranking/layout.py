"""Which column of a feature matrix is which statistic: a track as one Gaussian for each thing measured."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.errors import TrainingDataError

# Against MFCCs in the distance: same-package P@1 over 677 game soundtracks 0.318 with 1, 0.349 with 2.
SLOPE_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Dimension:
    """One Gaussian: the columns that hold its mean and its standard deviation.

    Attributes
    ----------
    mean, deviation : int or None
        None where the collection lacks the statistic; one of the two is there.
    weight : float
        Of this dimension in the distance.
    """

    mean: int | None
    deviation: int | None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Layout:
    """The dimensions of a collection's features; those with a mean come first."""

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        has_mean = [dimension.mean is not None for dimension in self.dimensions]
        if not has_mean or has_mean != sorted(has_mean, reverse=True):
            raise TrainingDataError("A layout needs dimensions, and those with a mean first.")

    @property
    def means(self) -> list[int]:
        """Columns of the means, of the dimensions that have one."""
        return [dimension.mean for dimension in self.dimensions if dimension.mean is not None]

    @property
    def weights(self) -> list[float]:
        """Weight of each dimension."""
        return [dimension.weight for dimension in self.dimensions]


def summary_layout(n_features: int) -> Layout:
    """The layout of a summary vector: means, deviations, deviations of the deltas, a third each.

    The deltas of a coefficient have a mean of about zero, so their Gaussian is known by its deviation.

    Raises
    ------
    TrainingDataError
        If `n_features` can't be split so.

    >>> [(d.mean, d.deviation) for d in summary_layout(6).dimensions]
    [(0, 2), (1, 3), (None, 4), (None, 5)]
    """
    if not n_features or n_features % 3:
        raise TrainingDataError(f"A summary vector has three statistics of each coefficient; {n_features} are not.")
    n = n_features // 3
    sounds = [Dimension(number, n + number) for number in range(n)]
    slopes = [Dimension(None, 2 * n + number, SLOPE_WEIGHT) for number in range(n)]
    return Layout((*sounds, *slopes))
