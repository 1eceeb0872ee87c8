"""Charts: every point inside the picture, in order, with round labels."""

from __future__ import annotations

import pytest

from webapp.charts import HEIGHT, WIDTH, Point, draw_line


def line(*values: float) -> list[Point]:
    return [Point(number, value, str(number), f"value {value}") for number, value in enumerate(values)]


@pytest.mark.parametrize(
    "values", [(0.1, 0.2), (0.2, 0.2, 0.2), (-0.5, 0, 0.5), (1e-9, 2e-9), (1e9, 3e9, 2e9), (0, 0), tuple(range(90))]
)
def test_every_point_lies_in_the_picture(values: tuple[float, ...]) -> None:
    chart = draw_line(line(*values))
    assert len(chart.marks) == len(values)
    for mark in (*chart.marks, *chart.x_labels, *chart.y_labels):
        assert 0 <= mark.x <= WIDTH
        assert 0 <= mark.y <= HEIGHT
    assert [mark.x for mark in chart.marks] == sorted(mark.x for mark in chart.marks)
    assert 2 <= len(chart.y_labels) <= 6
    assert len({label.text for label in chart.y_labels}) == len(chart.y_labels)
    assert len(chart.x_labels) <= 8


def test_higher_values_are_drawn_higher() -> None:
    low, high = draw_line(line(0.1, 0.4)).marks
    assert low.y > high.y


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_points_make_no_line(count: int) -> None:
    assert draw_line(line(*[0.5] * count)) is None
