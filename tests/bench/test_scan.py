"""The benchmark of scanning makes what it needs, says what it was asked for, and leaves nothing behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from earwise.cli.__main__ import main


def test_scan_benchmark_prints_its_figures_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("EARWISE_HOME", str(tmp_path / "home"))
    assert main(["bench", "scan", "--files", "250", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert list(figures) == ["files", "scan_s", "walk_floor_s", "peak_rss_mb"]
    assert figures["files"] == 250
    assert all(value > 0 for value in figures.values())
    assert list(tmp_path.iterdir()) == []
