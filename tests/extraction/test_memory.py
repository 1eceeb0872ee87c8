"""A worker stays under 500 MB whatever it is given, and says so where a file wants more."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from earwise.extraction import link
from earwise.root import Root
from tests.audio import write_tone
from tests.bombs import BOMBS, LARGE_BOMBS
from tests.extraction.conftest import Extraction

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


def test_directory_of_an_archive_is_no_memory_of_its_files(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tone(library / "1.wav", 1, duration_s=1.2)
    with zipfile.ZipFile(library / "music.zip", "w") as archive:
        archive.writestr("0.txt", b"")
        archive.write(library / "1.wav", "1.wav")
        # Some 100 MB once they are read; one header serves all, as nobody opens them.
        for number in range(200_000):
            other = copy.copy(archive.filelist[0])
            other.filename = f"a name as long as those of the Free Music Archive/{number}.txt"
            archive.filelist.append(other)
    monkeypatch.setattr(link, "WORKER_COMMAND", (sys.executable, str(SCRIPT.with_name("tight_worker.py"))))
    root = Root("music", library / "music.zip")
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes()) == (1, {})


def test_what_is_allocated_beyond_the_limit_leaves_as_much_as_before() -> None:
    code = (
        "from earwise.extraction.limits import beyond_limit, limit_memory\n"
        "limit_memory()\n"
        "with beyond_limit():\n"
        "    kept = bytearray(300 << 20)\n"
        "for size_mb in (200, 300):\n"
        "    try:\n"
        "        bytearray(size_mb << 20)\n"
        "        print(size_mb, 'was given')\n"
        "    except MemoryError:\n"
        "        print(size_mb, 'was refused')\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["200 was given", "300 was refused"]


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE_BOMBS)
def test_large_file_costs_no_more_memory_than_a_small_one(tmp_path: Path, name: str) -> None:
    LARGE_BOMBS[name](tmp_path / name)
    measured = measure(tmp_path / name)
    (tmp_path / name).unlink()
    assert measured["outcomes"] == {name: REFUSED.get(name, "analysed")}
    assert measured["peak_mb"] < MOST_MB
