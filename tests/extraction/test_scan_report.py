"""What a scan says of roots and entries that it finds nothing in."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest

from earwise.root import Root
from tests.extraction.conftest import Extraction


def put(library: Path, *paths: str) -> None:
    for path in paths:
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_bytes(b"x")


def test_empty_root_of_which_nothing_is_known_is_no_error_and_is_warned_of(
    extraction: Extraction, library: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vinyl = tmp_path / "vinyl"
    put(vinyl, "cover.jpg")
    extraction.settings = dataclasses.replace(
        extraction.settings, library=(Root("music", library), Root("vinyl", vinyl))
    )
    put(library, "1.mp3")
    assert extraction.scan().files == 1
    (warning,) = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert str(vinyl) in warning
    assert "is its disk mounted?" in warning
    put(vinyl, "2.mp3")
    caplog.clear()
    assert extraction.scan().files == 2
    assert [record for record in caplog.records if record.levelno == logging.WARNING] == []


def test_what_is_passed_over_is_counted_and_logged(
    extraction: Extraction, library: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(library, "a/1.mp3", "a/.hidden.mp3", ".git/a.mp3", ".git/b.mp3", "a/@eaDir/a.mp3")
    (library / "a" / "up").symlink_to(library)
    (library / "cover.jpg").symlink_to(library / "a" / "1.mp3")
    with caplog.at_level(logging.INFO, "earwise.extraction.scanning"):
        for _ in range(2):
            report = extraction.scan()
            assert report.passed_over == {"hidden": 2, "system": 1, "links": 1}
            assert report.counts["passed_over"] == 4
    assert caplog.messages[-1] == (
        "scan done: 1 files, 0 new, 0 changed, 0 gone, 0 not readable; "
        "passed over: 2 hidden, 1 of the system, 1 links to folders"
    )
