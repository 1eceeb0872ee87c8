"""A disk that is full fails a run with a sentence that says so, and the next run finishes once there is room."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from earwise.errors import LibraryError
from earwise.store.client import open_store_at
from tests.extraction.conftest import Extraction
from tests.extraction.server import OwnServer
from tests.extraction.test_kills import BROKEN, Run, wait_until_it_extracts, write_library

TRACKS = 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte with one file."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    return ballast


def exhaust(server: OwnServer) -> None:
    """Write until the store has no room left in what it has set aside either."""
    with open_store_at(server.uri, "junk", patience_s=3.0) as store, pytest.raises(PyMongoError):
        for number in range(1000):
            store.client["junk"]["junk"].insert_one({"_id": number, "junk": os.urandom(1 << 19)})


@pytest.mark.slow
def test_store_on_a_full_disk_fails_the_run_and_the_next_one_finishes(small_disk: Path, tmp_path: Path) -> None:
    library = write_library(tmp_path / "library", TRACKS)
    server = OwnServer(small_disk)
    server.start()
    run = Run(server, "full", library, "run 0", slowness_s=0.5)
    wait_until_it_extracts(run, server, "full")
    ballast = fill(small_disk)
    exhaust(server)
    assert run.finish() == 1
    assert "is its disk full?" in run.log.read_text("utf-8")
    ballast.unlink()
    server.stop()
    server.start()
    assert Run(server, "full", library, "run 1").finish() == 0
    with open_store_at(server.uri, "full") as store:
        assert store.tracks.count_ready() == TRACKS
        assert store.quarantine.count() == BROKEN
        runs = [store.extraction_runs.get(f"run {number}") for number in range(2)]
        assert sum(run.done for run in runs if run) == TRACKS + 1 + BROKEN
    server.stop()


def test_full_disk_for_the_scans_notes_changes_nothing(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extraction: Extraction, library: Path
) -> None:
    write_library(library, 12)
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    ballast = fill(small_disk)
    with pytest.raises(LibraryError, match="No space left on device"):
        extraction.scan()
    assert list(extraction.store.folders.read_root("music")) == []
    ballast.unlink()
    assert extraction.scan().added == 12 + 1 + BROKEN
