"""Words for how a cluster sounds, as far as the statistics of MFCCs carry it.

The first coefficient follows loudness and the second how much of it lies in low frequencies; their deviations say how
much a track varies, and the deviation of the deltas how abruptly. Nothing here tells an instrument, a tempo or a mood.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_LEAST_DEVIATION = 0.3  # of the library's own, from which a word is deserved
_MOST_WORDS = 3

# What a low and what a high value is called.
_LEVEL, _TILT = ("quiet", "loud"), ("bright", "dark")
_DYNAMICS, _COLOURS, _ATTACK = ("even", "dynamic"), ("plain", "colourful"), ("smooth", "punchy")


def describe_sound(
    centroid: NDArray[np.float32], mean: NDArray[np.floating], deviation: NDArray[np.floating]
) -> list[str]:
    """Descriptions of a cluster, the most telling first; none where it sounds like the whole library.

    Parameters
    ----------
    centroid, mean, deviation : ndarray [shape=(n_features,)]
        Of the cluster, and of the library's tracks, all on one scale. The features are means, deviations and
        deviations of the deltas of each coefficient, a third each; of others nothing can be said.

    >>> describe_sound(np.float32([0, 2, 0, 0, -1, 0]), np.zeros(6), np.ones(6))
    ['Dark and smooth', 'Dark', 'Smooth']
    """
    n = len(centroid) // 3
    if len(centroid) % 3 or n < 2:
        return []
    apart = (centroid - mean) / np.where(deviation > 0, deviation, np.inf)
    measured = {
        _LEVEL: apart[0],
        _TILT: apart[1],
        _DYNAMICS: apart[n],
        _COLOURS: apart[n + 1 : 2 * n].mean(),
        _ATTACK: apart[2 * n],
    }
    telling = [(abs(z), words[int(z > 0)]) for words, z in measured.items() if abs(z) >= _LEAST_DEVIATION]
    words = [word for _, word in sorted(telling, key=lambda found: -found[0])]
    pairs = [f"{first} and {second}" for first, second in combinations(words[:_MOST_WORDS], 2)]
    return [text.capitalize() for text in [*pairs, *words]]


def moments(features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each column [shape=(n_features,)], without a second matrix of this size."""
    mean = features.mean(axis=0, dtype=np.float64)
    squares = np.einsum("ij,ij->j", features, features, dtype=np.float64) / len(features)
    return mean, np.sqrt(np.maximum(squares - np.square(mean), 0))
