"""The benchmark's scaling is the median of rounds in which one process and all cores take turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from earwise.bench import scaling
from earwise.bench.scaling import Scaling, measure_scaling


def test_scaling_is_the_median_of_rounds_so_that_one_disturbed_round_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[str, int]] = []
    rates: Iterator[float] = iter([10, 19, 20, 38, 10, 9, 20, 8, 10, 18, 20, 36])

    def race(name: str, files: list[Path], processes: int) -> float:
        called.append((name, processes))
        return next(rates)

    def run(files: list[Path], processes: int) -> tuple[float, float]:
        called.append(("earwise", processes))
        return next(rates), 100.0 + len(called)

    monkeypatch.setattr(scaling, "race_together", race)
    monkeypatch.setattr(scaling, "run_pool", run)
    found = measure_scaling([Path("a.mp3")], 2, 3, lambda text: None)
    assert called == [("floor", 1), ("floor", 2), ("earwise", 1), ("earwise", 2)] * 3
    assert found == Scaling(all_cores_per_s=36, decoding=1.8, extraction=1.8, peak_rss_mb=112.0)
