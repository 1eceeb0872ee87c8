"""Files that could not be opened are looked for ever more seldom, and found again within a day."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from earwise.errors import DecodeTimeoutError, TrackError, UnreadableFileError
from earwise.extraction import batches, knocking
from earwise.extraction.knocking import release_readable
from earwise.extraction.messages import Job
from earwise.extraction.scanning import scan_library
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store import Store
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction

QUARTER = timedelta(minutes=15)
ROOTS = (Root("slow", Path("/slow")), Root("swift", Path("/swift")))


@pytest.fixture
def away(extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a file is that a scan saw, and that was gone when it was to be opened."""
    write_tone(library / "stays.wav", 1, duration_s=1.2)
    write_tone(library / "goes.wav", 2, duration_s=1.2)
    extraction.scan()
    monkeypatch.setattr(extraction, "scan", lambda: None)
    (library / "goes.wav").rename(library.parent / "goes.wav")
    extraction.run()
    assert extraction.codes() == {"goes.wav": "unreadable"}
    return library.parent / "goes.wav"


def test_file_that_comes_back_after_long_is_heard_within_a_day(
    extraction: Extraction, library: Path, away: Path
) -> None:
    for _ in range(12):
        extraction.now += timedelta(days=1)
        assert extraction.run() == []
    (file,) = extraction.store.quarantine.recent(limit=9)
    assert (file.attempts, file.knocks) == (1, 12)
    away.rename(library / "goes.wav")
    began = extraction.now
    while extraction.codes():
        extraction.now += QUARTER
        assert extraction.now - began <= timedelta(days=1)
        extraction.run()
    assert extraction.now - began > timedelta(hours=22), "it was looked for more often than it had to be"
    assert extraction.store.tracks.count_ready() == 2


def test_file_that_comes_back_as_another_and_goes_again_is_heard_soon(
    extraction: Extraction, library: Path, away: Path
) -> None:
    for _ in range(12):
        extraction.now += timedelta(days=1)
        extraction.run()
    write_tone(away, 3, duration_s=1.3)
    write_tone(library / "goes.wav", 3, duration_s=1.3)
    scan_library(extraction.store, extraction.settings.roots, extraction.now)
    (library / "goes.wav").unlink()
    (report,) = extraction.run()
    assert report.failures == {"unreadable": 1}
    away.rename(library / "goes.wav")
    extraction.now += QUARTER
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes()) == (1, {})


def test_file_that_comes_back_at_once_is_heard_by_the_next_run(
    extraction: Extraction, library: Path, away: Path
) -> None:
    away.rename(library / "goes.wav")
    extraction.now += QUARTER
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes()) == (1, {})


def test_admin_need_not_wait_until_a_file_is_looked_for(extraction: Extraction, library: Path, away: Path) -> None:
    for _ in range(12):
        extraction.now += timedelta(days=1)
        extraction.run()
    away.rename(library / "goes.wav")
    assert extraction.run() == []
    extraction.store.quarantine.request_retry()
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes()) == (1, {})


def take_too_long(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, TrackError]]:
    for job in jobs:
        yield job, DecodeTimeoutError("Not decoded within 120 s.")


@pytest.mark.parametrize("is_packed", [False, True])
def test_files_of_a_disk_that_hung_are_heard_by_the_next_run(
    extraction: Extraction, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    for number in range(2):
        write_tone(library / f"{number}.wav", number, duration_s=1.2)
    if is_packed:
        with zipfile.ZipFile(tmp_path / "music.zip", "w") as archive:
            for number in range(2):
                archive.write(library / f"{number}.wav", f"{number}.wav")
        root = Root("music", tmp_path / "music.zip")
        extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    with monkeypatch.context() as hanging:
        hanging.setattr(batches, "analyse_files", take_too_long)
        (report,) = extraction.run()
        assert report.failures == {"time_out": 2}
    extraction.now += QUARTER
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes()) == (2, {})


def test_files_that_take_too_long_by_themselves_are_tried_three_times(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tone(library / "long.wav", 1, duration_s=1.2)
    monkeypatch.setattr(batches, "analyse_files", take_too_long)
    for _ in range(3):
        (report,) = extraction.run()
        assert report.failures == {"time_out": 1}
        extraction.now += QUARTER
    for _ in range(9):
        assert extraction.run() == []
        extraction.now += timedelta(days=1)


def test_root_that_is_slow_to_answer_does_not_hold_up_a_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, knocked = [0.0], list[bytes]()

    def knock(file: LibraryPath, roots: tuple[Root, ...]) -> None:
        clock[0] += 50.0 if file.root == "slow" else 0.1
        knocked.append(file.path)
        raise UnreadableFileError("The object store did not give it.")

    monkeypatch.setattr(knocking, "check_readable", knock)
    monkeypatch.setattr(knocking, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    slow, swift = ([b"%s %d" % (name, number) for number in range(10)] for name in (b"slow", b"swift"))
    for path in slow:
        store.quarantine.put(LibraryPath("slow", path), "unreadable", "It was not given.", NOW)
    for path in swift:
        store.quarantine.put(LibraryPath("swift", path), "unreadable", "It was not given.", NOW)
    release_readable(store, ROOTS, NOW + QUARTER)
    assert knocked == [*slow[:3], *swift]
    for number in range(2, 5):
        release_readable(store, ROOTS, NOW + number * QUARTER)
    assert set(slow) <= set(knocked), "each has its turn"


def test_file_at_which_a_run_was_ended_is_not_the_first_of_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocked = list[bytes]()

    def knock(file: LibraryPath, roots: tuple[Root, ...]) -> None:
        knocked.append(file.path)
        if file.path == b"1":
            raise KeyboardInterrupt
        raise UnreadableFileError("The disk did not give it.")

    monkeypatch.setattr(knocking, "check_readable", knock)
    for path in (b"1", b"2"):
        store.quarantine.put(LibraryPath("swift", path), "unreadable", "It was not given.", NOW)
    with pytest.raises(KeyboardInterrupt):
        release_readable(store, ROOTS, NOW + QUARTER)
    release_readable(store, ROOTS, NOW + QUARTER)
    assert knocked == [b"1", b"2"]


def test_part_of_a_library_that_was_not_asked_for_is_left_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    knocked = list[LibraryPath]()
    monkeypatch.setattr(knocking, "check_readable", lambda file, roots: knocked.append(file))
    asked, other = LibraryPath("swift", b"a/1.mp3"), LibraryPath("swift", b"b/1.mp3")
    for file in (asked, other):
        store.quarantine.put(file, "unreadable", "It was not given.", NOW)
    release_readable(store, ROOTS, NOW + QUARTER, within=LibraryPath("swift", b"a"))
    assert knocked == [asked]
