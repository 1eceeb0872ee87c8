"""Line charts as geometry: templates draw it as SVG with classes, since the content policy allows no inline style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from earwise.store.model_runs import KTrial, ModelRun
from webapp.filters import moment

WIDTH, HEIGHT = 360, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 348, 12, 150
_MOST_MARKS_NAMED = 8


@dataclass(frozen=True, slots=True)
class Point:
    """A measured value.

    Attributes
    ----------
    label : str
        Below the chart; not every one has room.
    title : str
        Said when it is pointed at.
    """

    x: float
    y: float
    label: str
    title: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or a label at its place in the picture."""

    x: float
    y: float
    text: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn in a picture of `WIDTH` by `HEIGHT`.

    Attributes
    ----------
    line : str
        The points of a polyline.
    """

    line: str
    marks: tuple[Mark, ...]
    x_labels: tuple[Mark, ...]
    y_labels: tuple[Mark, ...]


def silhouettes_of_trials(trials: Sequence[KTrial], k: int) -> Chart | None:
    """Silhouette over k."""
    return draw_line(
        [Point(t.k, t.silhouette, str(t.k), f"k {t.k}: silhouette {t.silhouette:.4f}", t.k == k) for t in trials]
    )


def costs_of_trials(trials: Sequence[KTrial], k: int) -> Chart | None:
    """Training cost over k."""
    return draw_line(
        [Point(t.k, t.training_cost, str(t.k), f"k {t.k}: cost {t.training_cost:,.1f}", t.k == k) for t in trials]
    )


def silhouettes_of_runs(runs: Sequence[ModelRun], active_id: str | None) -> Chart | None:
    """Silhouette of the k that each run took, the oldest on the left.

    Parameters
    ----------
    runs : sequence of ModelRun
        Newest first.
    """
    points: list[Point] = []
    for run in reversed(runs):
        chosen = next((trial for trial in run.trials if trial.k == run.k), None)
        if chosen is not None:
            title = f"{moment(run.created_at)}: silhouette {chosen.silhouette:.4f}, k {run.k}, {run.status}"
            label = f"{run.created_at:%-d %b}"
            points.append(Point(len(points), chosen.silhouette, label, title, run.model_id == active_id))
    return draw_line(points)


def draw_line(points: Sequence[Point]) -> Chart | None:
    """A line through points of rising x; None for fewer than two, which make no line."""
    if len(points) < 2:
        return None
    ticks = _ticks(min(point.y for point in points), max(point.y for point in points))
    low, high = ticks[0], ticks[-1]
    first, last = points[0].x, points[-1].x

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first)
        return round(_LEFT + across * (_RIGHT - _LEFT), 1), round(
            _BOTTOM - (y - low) / (high - low) * (_BOTTOM - _TOP), 1
        )

    marks = tuple(Mark(*place(point.x, point.y), point.title, point.is_chosen) for point in points)
    return Chart(
        " ".join(f"{mark.x},{mark.y}" for mark in marks),
        marks,
        tuple(Mark(marks[index].x, HEIGHT - 12, points[index].label) for index in _named(len(points))),
        tuple(Mark(_LEFT - 8, place(first, tick)[1], _format(tick, high - low)) for tick in ticks),
    )


def _named(count: int) -> list[int]:
    """Which points have a label: all of a few, else the first, the middle and the last."""
    return list(range(count)) if count <= _MOST_MARKS_NAMED else [0, count // 2, count - 1]


def _ticks(low: float, high: float) -> list[float]:
    """Two to five round numbers around a range.

    >>> _ticks(0.112, 0.138)
    [0.11, 0.12, 0.13, 0.14]
    >>> _ticks(5, 5)
    [4.0, 5.0, 6.0]
    """
    extent = (high - low) or max(abs(high), 1e-9) * 0.4
    step = 10.0 ** math.floor(math.log10(extent / 2))
    step *= next((times for times in (1, 2, 5) if extent / (step * times) <= 4), 10)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        first, last = first - 1, last + 1
    return [round(number * step, 10) for number in range(first, last + 1)]


def _format(value: float, extent: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(extent)))
    return f"{value:,.{digits}f}"
