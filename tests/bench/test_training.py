"""The benchmark of training prints what was asked for, and leaves nothing behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from earwise.cli.__main__ import main


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_training_benchmark_prints_its_figures_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["bench", "train", "--tracks", "300", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(figures) == ["tracks", "total_s", "driver_peak_rss_mb", "phases", "recall_at_10", "sklearn_kmeans_s"]
    assert figures["tracks"] == 300
    assert figures["recall_at_10"] == 1.0
    assert {"read", "scale", "kmeans", "silhouette", "neighbours", "write"} <= set(figures["phases"])
    assert all(seconds > 0 for seconds in figures["phases"]["kmeans"].values())
    assert {path.name for path in tmp_path.iterdir()} <= {"home"}
