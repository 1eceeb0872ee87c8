"""What a summary vector says of a sound in words that people have, and no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.metric import Matrix

_N = 20
# Mean and deviation of each statistic over 85 tracks of 33 game soundtracks: the middle and the unit of what is said
# and drawn. They are fixed, so that a track looks the same whatever else a library holds.
_CENTRES = (
    *(-127.5, 105.8, 8.1, 29.5, 7.1, 12.5, 1.0, 6.4, -0.6, 4.3, -2.1, 3.2, -1.7, 1.7, -2.3, 1.7, -2.0, 1.6, -1.5, 1.3),
    *(76.1, 31.7, 22.6, 16.0, 12.6, 10.8, 9.9, 9.4, 8.9, 8.3, 8.0, 7.9, 7.7, 7.4, 7.1, 6.7, 6.7, 6.7, 7.2, 7.4),
    *(8.8, 4.4, 3.0, 2.3, 1.8, 1.5, 1.4, 1.3, 1.3, 1.2, 1.1, 1.1, 1.1, 1.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1),
)
_UNITS = (
    *(92.6, 34.7, 17.2, 11.8, 8.3, 7.9, 7.2, 6.4, 5.4, 4.9, 5.0, 3.9, 3.7, 4.0, 4.0, 3.7, 3.6, 3.4, 3.4, 3.6),
    *(31.1, 9.7, 6.9, 4.7, 3.6, 3.3, 3.0, 2.8, 3.1, 2.7, 2.6, 3.0, 2.8, 2.7, 2.3, 2.1, 2.5, 2.5, 3.2, 3.2),
    *(3.7, 1.6, 1.1, 0.8, 0.6, 0.5, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.2, 0.3, 0.3, 0.3, 0.3),
)
_ALIKE, _APART, _MARKED = 0.5, 1.0, 0.6


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that can be heard, and the statistics that carry it.

    Attributes
    ----------
    name : str
    low, high : str
        What a track is called that has little of it, and much.
    columns : tuple of int
        Statistics whose standardised values are averaged.
    sign : int
        -1 where the statistic falls as the trait grows.
    meaning : str
        What is measured, in one clause.
    """

    name: str
    low: str
    high: str
    columns: tuple[int, ...]
    sign: int
    meaning: str


TRAITS = (
    Trait("loudness", "soft", "loud", (0,), 1, "the mean of the first coefficient: energy over all frequencies"),
    Trait(
        "brightness", "dark", "bright", (1,), -1, "the mean of the second: how far low frequencies outweigh high ones"
    ),
    Trait("middle", "hollow", "nasal", (2,), -1, "the mean of the third: the middle frequencies against both ends"),
    Trait("dynamics", "even in loudness", "uneven in loudness", (_N,), 1, "the deviation of the first coefficient"),
    Trait(
        "variety",
        "steady in timbre",
        "varied in timbre",
        tuple(range(_N + 1, _N + 13)),
        1,
        "the deviations of the next twelve coefficients",
    ),
    Trait(
        "pace",
        "slow to change",
        "quick to change",
        tuple(range(2 * _N, 2 * _N + 13)),
        1,
        "the deviations of the deltas",
    ),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two tracks share and where they differ, each as clauses, the clearest first."""

    shared: tuple[str, ...]
    different: tuple[str, ...]


def standardise(vector: Matrix) -> NDArray[np.float64] | None:
    """A summary vector in units of what is usual, within [-3, 3]; None if it is not of 20 coefficients.

    >>> standardise(np.array(_CENTRES, np.float32)).tolist() == [0.0] * 60
    True
    """
    if vector.shape != (3 * _N,):
        return None
    centres, units = np.array(_CENTRES, np.float32), np.array(_UNITS, np.float32)
    standard: NDArray[np.float64] = np.clip((vector.astype(np.float64) - centres) / units, -3.0, 3.0)
    return standard


def measure_traits(vector: Matrix) -> dict[str, float] | None:
    """How much a track has of each trait, 0 for as much as usual."""
    standard = standardise(vector)
    if standard is None:
        return None
    return {trait.name: float(trait.sign * standard[list(trait.columns)].mean()) for trait in TRAITS}


def compare(one: Matrix, other: Matrix) -> Comparison:
    """What a seed track and another have in common, and what the other has more or less of."""
    ours, theirs = measure_traits(one), measure_traits(other)
    if ours is None or theirs is None:
        return Comparison((), ())
    gaps = sorted((abs(theirs[trait.name] - ours[trait.name]), trait.name, trait) for trait in TRAITS)
    shared = [_say_shared(trait, (ours[name] + theirs[name]) / 2) for gap, name, trait in gaps if gap <= _ALIKE]
    different = [
        _say_different(trait, theirs[name] - ours[name]) for gap, name, trait in reversed(gaps) if gap >= _APART
    ]
    return Comparison(tuple(shared), tuple(different))


def _say_shared(trait: Trait, level: float) -> str:
    if level > _MARKED:
        return f"both are {trait.high}"
    return f"both are {trait.low}" if level < -_MARKED else f"they are alike in {trait.name}"


def _say_different(trait: Trait, gap: float) -> str:
    return f"this one is more {trait.high if gap > 0 else trait.low}"


def percentile_of(distance: float, quantiles: Sequence[float]) -> float | None:
    """Percent of random pairs of the library that are nearer than this distance; None where that was not measured.

    >>> percentile_of(0.5, [number / 100 for number in range(101)])
    50.0
    """
    if len(quantiles) != 101:
        return None
    return float(np.interp(distance, quantiles, np.arange(101.0)))
