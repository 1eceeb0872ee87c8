"""Outcomes are written in groups while the batch goes on, and outlive a batch that is broken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from earwise.errors import (
    DecodeError,
    DecoderCrashError,
    DecodeTimeoutError,
    OutOfMemoryError,
    SilentAudioError,
    StoreError,
    TrackError,
    UnreadableFileError,
)
from earwise.extraction import batches
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.planning import pending_files
from earwise.extraction.storing import store_failures
from earwise.paths import LibraryPath
from earwise.store.folders import FileEntry, Folders
from earwise.store.tracks import Tags
from tests.audio import write_tone
from tests.extraction.conftest import Extraction


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many files folders are told, each time that they are."""
    sizes: list[int] = []
    put_entries = Folders.put_entries

    def counting(folders: Folders, location: LibraryPath, entries: Mapping[bytes, FileEntry]) -> None:
        sizes.append(len(entries))
        put_entries(folders, location, entries)

    monkeypatch.setattr(Folders, "put_entries", counting)
    return sizes


def heard(number: int, job: Job) -> Analysis:
    """What becomes of a file that was decoded."""
    vectors = {config.feature_version: np.ones(3, np.float32) for config in job.configs}
    return Analysis(f"{number:032x}", Tags(job.file.display), 60.0, vectors, "test", 0)


def test_large_folder_is_written_for_groups_of_files_and_not_for_each(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, updates: list[int]
) -> None:
    for number in range(250):
        (library / f"{number}.mp3").touch()

    def analyse_at_once(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, Analysis]]:
        for number, job in enumerate(jobs):
            yield job, heard(number, job)

    monkeypatch.setattr(batches, "analyse_files", analyse_at_once)
    (report,) = extraction.run()
    assert report.analysed == extraction.store.tracks.count_ready() == 250
    assert sum(updates) == 500
    assert max(updates) == 100
    assert extraction.run() == []


def test_failures_of_a_large_folder_are_written_in_groups_too(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, updates: list[int]
) -> None:
    for number in range(400):
        (library / f"{number}.mp3").touch()

    def fail_every_third(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, Analysis | TrackError]]:
        for number, job in enumerate(jobs):
            yield job, heard(number, job) if number % 3 else DecodeError("It is damaged.")

    monkeypatch.setattr(batches, "analyse_files", fail_every_third)
    (report,) = extraction.run()
    assert (report.analysed, sum(report.failures.values()), len(extraction.codes())) == (266, 134, 134)
    # In groups of a hundred files, without those after which fewer than 20 succeeded; they come with the next.
    assert [size for size in updates if 0 < size < 50] == [24, 33, 34, 33, 10]
    assert extraction.run() == []


def test_failures_outlive_a_batch_that_is_broken_off_once_their_decoder_is_seen_to_work(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        (library / f"{number:02}.mp3").touch()
    (library / "one.flac").touch()
    monkeypatch.setattr(batches, "_MOST_IN_GROUP", 10)

    def fail_some_and_break_off(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, Analysis | TrackError]]:
        for number, job in enumerate(sorted(jobs, key=lambda job: job.file.name.rpartition(b".")[2])):
            yield job, DecodeError("It is damaged.") if number in (0, 3, 4, 40) else heard(number, job)
        raise StoreError("MongoDB did not answer.")

    monkeypatch.setattr(batches, "analyse_files", fail_some_and_break_off)
    with pytest.raises(StoreError):
        extraction.run()
    # The one of a format that was tried once, and the one that came last, wait until the end of a batch.
    assert extraction.codes() == {"02.mp3": "not_audio", "03.mp3": "not_audio"}
    opened = [file.display for file in pending_files(extraction.store, extraction.settings.roots, extraction.config)]
    assert opened == ["39.mp3", "one.flac"]


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (DecodeTimeoutError("It takes too long."), True),
        (OutOfMemoryError("It takes too much memory."), True),
        (UnreadableFileError("Input/output error", code="read_error"), True),
        (DecoderCrashError("The decoder crashed on this file (by SIGSEGV)."), True),
        (TrackError("Analysis failed unexpectedly: RuntimeError: out of cheese"), True),
        (DecodeError("It is damaged."), False),
        (SilentAudioError("There is nothing to hear."), False),
    ],
)
def test_file_of_which_nothing_is_told_stays_with_its_track(
    extraction: Extraction, library: Path, error: TrackError, stays: bool
) -> None:
    write_tone(library / "a.mp3", 1)
    extraction.run()
    (track_id,) = extraction.store.tracks.ready_ids()
    file, now = LibraryPath("music", b"a.mp3"), datetime(2026, 2, 1, tzinfo=UTC)
    entry = extraction.store.folders.get(file.parent).files[file.name]
    store_failures(extraction.store, {file: error}, {file: entry}, extraction.config, now)
    assert [kept.location for kept in extraction.store.tracks.get(track_id).files] == ([file] if stays else [])
    assert extraction.codes() == {"a.mp3": error.code}
