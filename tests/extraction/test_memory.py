"""A worker stays under 500 MB whatever it is given, and says so where a file wants more."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bombs import BOMBS, LARGE_BOMBS

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("peak_of_worker.py")
MOST_MB = 500
# What no player could play either.
REFUSED = {
    "absurd blocks.flac": "not_audio",
    "samples.m4a": "not_audio",
    "picture of 255 MB.mp3": "out_of_memory",
    "many samples.m4a": "out_of_memory",
}


def measure(*files: Path) -> dict[str, Any]:
    """What became of files in one worker, and its peak."""
    command = [sys.executable, str(SCRIPT), *map(str, files)]
    measured: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    log.info("%s", measured)
    return measured


def test_worker_that_is_given_one_bomb_after_the_other_stays_small(tmp_path: Path) -> None:
    for name, write in BOMBS.items():
        write(tmp_path / name)
    measured = measure(*(tmp_path / name for name in BOMBS))
    assert measured["outcomes"] == {name: REFUSED.get(name, "analysed") for name in BOMBS}
    assert measured["peak_mb"] < MOST_MB


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_BOMBS)
def test_large_file_costs_no_more_memory_than_a_small_one(tmp_path: Path, name: str) -> None:
    LARGE_BOMBS[name](tmp_path / name)
    measured = measure(tmp_path / name)
    (tmp_path / name).unlink()
    assert measured["outcomes"] == {name: REFUSED.get(name, "analysed")}
    assert measured["peak_mb"] < MOST_MB
