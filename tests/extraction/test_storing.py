"""Outcomes are written in groups while the batch goes on, and outlive a batch that is broken off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from earwise.errors import DecodeError, StoreError, TrackError
from earwise.extraction import batches
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.planning import pending_files
from earwise.paths import LibraryPath
from earwise.store.folders import FileEntry, Folders
from earwise.store.tracks import Tags
from tests.extraction.conftest import Extraction


def test_large_folder_is_written_for_groups_of_files_and_not_for_each(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(250):
        (library / f"{number}.mp3").touch()
    updates: list[int] = []
    put_entries = Folders.put_entries

    def counting(folders: Folders, location: LibraryPath, entries: Mapping[bytes, FileEntry]) -> None:
        updates.append(len(entries))
        put_entries(folders, location, entries)

    def analyse_at_once(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, Analysis]]:
        for number, job in enumerate(jobs):
            yield job, Analysis(f"{number:032x}", Tags(job.file.display), 60.0, {}, "", 0)

    monkeypatch.setattr(Folders, "put_entries", counting)
    monkeypatch.setattr(batches, "analyse_files", analyse_at_once)
    (report,) = extraction.run()
    assert report.analysed == extraction.store.tracks.count_ready() == 250
    assert sum(updates) == 500
    assert max(updates) == 100
    assert extraction.run() == []


def test_failures_of_a_large_folder_are_written_in_groups_too(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(400):
        (library / f"{number}.mp3").touch()
    updates: list[int] = []
    put_entries = Folders.put_entries

    def counting(folders: Folders, location: LibraryPath, entries: Mapping[bytes, FileEntry]) -> None:
        updates.append(len(entries))
        put_entries(folders, location, entries)

    def fail_every_third(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, Analysis | TrackError]]:
        for number, job in enumerate(jobs):
            analysis = Analysis(f"{number:032x}", Tags(job.file.display), 60.0, {}, "", 0)
            yield job, analysis if number % 3 else DecodeError("It is damaged.")

    monkeypatch.setattr(Folders, "put_entries", counting)
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
            analysis = Analysis(f"{number:032x}", Tags(job.file.display), 60.0, {}, "", 0)
            yield job, DecodeError("It is damaged.") if number in (0, 3, 4, 40) else analysis
        raise StoreError("MongoDB did not answer.")

    monkeypatch.setattr(batches, "analyse_files", fail_some_and_break_off)
    with pytest.raises(StoreError):
        extraction.run()
    # The one of a format that was tried once, and the one that came last, wait until the end of a batch.
    assert extraction.codes() == {"02.mp3": "not_audio", "03.mp3": "not_audio"}
    opened = [file.display for file in pending_files(extraction.store, extraction.settings.roots, extraction.config)]
    assert opened == ["39.mp3", "one.flac"]
