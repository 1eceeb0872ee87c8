"""Gates: what is let through, and why not."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from earwise.clustering.gates import GATES, find_regressions
from earwise.store.model_runs import ModelRun, ModelStatus, Quality

GOOD = Quality(recall_at_10=0.998, orphan_share=0.01, coverage=0.99, genre_precision_at_10=0.5)


def run(quality: Quality | None = GOOD, tracks: int = 100_000) -> ModelRun:
    now = datetime(2026, 1, 31, 2, tzinfo=UTC)
    return ModelRun("m", "d", "v", ModelStatus.CANDIDATE, now, 1, tracks=tracks, k=5, quality=quality)


def test_equal_and_better_models_pass() -> None:
    better = Quality(recall_at_10=1.0, orphan_share=0.0, coverage=1.0, genre_precision_at_10=0.9)
    assert find_regressions(run(), run()) == ()
    assert find_regressions(run(), run(better, 200_000)) == ()


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.figure)
def test_each_figure_closes_its_gate_alone(gate) -> None:
    before = getattr(GOOD, gate.figure)
    worse = before + 0.1 * (-1 if gate.is_better_high else 1)
    (reason,) = find_regressions(run(), run(dataclasses.replace(GOOD, **{gate.figure: worse})))
    assert f"{gate.text} went from {before:.3f} to {worse:.3f}" in reason
    within = before + gate.tolerance * (-0.9 if gate.is_better_high else 0.9)
    assert find_regressions(run(), run(dataclasses.replace(GOOD, **{gate.figure: within}))) == ()


def test_library_that_lost_a_tenth_is_looked_at_by_a_person() -> None:
    assert find_regressions(run(), run(tracks=90_000)) == ()
    (reason,) = find_regressions(run(), run(tracks=89_999))
    assert reason == "It knows 89,999 tracks, fewer than 90% of the 100,000 before."


def test_what_chance_explains_in_a_small_library_is_no_regression() -> None:
    worse = dataclasses.replace(GOOD, orphan_share=0.05)
    assert find_regressions(run(tracks=40), run(worse, 40)) == ()
    assert len(find_regressions(run(), run(worse))) == 1


def test_search_that_finds_less_is_a_regression_in_a_small_library_too() -> None:
    worse = dataclasses.replace(GOOD, recall_at_10=0.95)
    (reason,) = find_regressions(run(tracks=50), run(worse, 50))
    assert "recall" in reason


@pytest.mark.parametrize("unknown", [None, Quality()])
def test_figures_that_one_side_lacks_close_nothing(unknown: Quality | None) -> None:
    assert find_regressions(run(unknown), run()) == ()
    assert find_regressions(run(), run(unknown)) == ()
