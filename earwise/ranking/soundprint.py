"""The sound-print: a picture drawn from a summary vector, so that tracks that sound alike look alike.

Every colour and every length is a continuous function of the standardised statistics, and nothing else goes in: no
title, no id, no chance. Hues follow brightness and the middle frequencies; the outline of each ring follows the means
of some coefficients, its ripples their deviations, and its clarity the pace of change.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from earwise.ranking.metric import Matrix
from earwise.ranking.traits import standardise

_N = 20
_RINGS, _POINTS = 6, 72
# Each ring takes its waves from coefficients of its own, the higher ones further in.
_WAVES = 3
Standard = NDArray[np.float64]


def draw_soundprint(vector: Matrix) -> str:
    """The sound-print as SVG of 100 x 100 units; a plain one for a vector of another length."""
    standard = standardise(vector)
    return _draw(np.zeros(3 * _N) if standard is None else standard)


def _draw(standard: Standard) -> str:
    soft = np.tanh(0.7 * standard)
    hue = 275.0 - 235.0 * (1 - soft[1]) / 2 + 30.0 * soft[2]
    other = hue + 55.0 + 45.0 * soft[3]
    light = 34.0 + 9.0 * soft[0]
    strength = 52.0 + 18.0 * soft[_N]
    rings = "".join(_ring(number, soft, hue, other, light, strength) for number in range(_RINGS))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="512" height="512">'
        '<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">'
        f'<stop offset="0" stop-color="{_colour(hue, strength, light * 0.62)}"/>'
        f'<stop offset="1" stop-color="{_colour(other, strength * 0.9, light * 0.95)}"/></linearGradient></defs>'
        f'<rect width="100" height="100" fill="url(#g)"/>{rings}</svg>'
    )


def _ring(number: int, soft: Standard, hue: float, other: float, light: float, strength: float) -> str:
    share = number / (_RINGS - 1)
    colour = _colour(other + (hue - other) * share, strength + 12.0, light + 10.0 + 38.0 * share)
    opacity = 0.5 + 0.18 * float(soft[2 * _N + number])
    radius = 47.0 - 36.0 * share
    return f'<path d="{_outline(radius, number, soft)}" fill="{colour}" fill-opacity="{opacity:.3f}"/>'


def _outline(radius: float, number: int, soft: Standard) -> str:
    angles = np.linspace(0.0, 2.0 * math.pi, _POINTS, endpoint=False)
    waves = np.zeros(_POINTS)
    for wave in range(_WAVES):
        column = 2 + number * _WAVES + wave
        turn = 2.4 * number + 1.7 * wave
        waves += 0.13 * soft[column] * np.cos((wave + 2) * angles + turn)
    ripples = 0.035 * (1.0 + soft[_N + 1 + number]) * np.cos((9 + number) * angles + number)
    lengths = radius * (1.0 + waves + ripples)
    points = zip(50.0 + lengths * np.cos(angles), 50.0 + lengths * np.sin(angles), strict=True)
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _colour(hue: float, strength: float, light: float) -> str:
    return f"hsl({hue % 360:.1f} {strength:.1f}% {light:.1f}%)"
