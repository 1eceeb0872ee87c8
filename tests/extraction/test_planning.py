"""Batches: few, bounded, and cut in little memory however much waits."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwise.errors import BatchOverdueError
from earwise.extraction import batches, deadline
from earwise.extraction.batches import extract_batch
from earwise.extraction.planning import LARGEST_BATCH, MOST_BATCHES, SMALLEST_BATCH, batch_size, plan_batches
from earwise.extraction.report import report_run
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store import Store
from earwise.store.folders import FileEntry, Folder
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction

FILES_PER_FOLDER = 20


def fill(store: Store, files: int) -> None:
    """A library of so many files that wait, in folders of twenty."""
    folders = []
    for number in range(files // FILES_PER_FOLDER):
        location = LibraryPath("music", b"Some Artist of a Usual Name %07d/A Record of Theirs" % number)
        names = (b"%02d - A Title as Long as Titles Are.mp3" % track for track in range(FILES_PER_FOLDER))
        folders.append(Folder(location, {name: FileEntry(4_000_000 + number, number) for name in names}))
        if len(folders) == 1000:
            store.folders.put_many(folders)
            folders = []
    store.folders.put_many(folders)


@pytest.mark.parametrize(
    "files", [10_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_many_files_are_cut_into_few_batches_in_little_memory(extraction: Extraction, files: int) -> None:
    fill(extraction.store, files)
    roots = (Root("music", extraction.settings.home),)
    tracemalloc.start()
    try:
        planned = plan_batches(extraction.store, roots, extraction.config, "run", NOW)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(planned) <= MOST_BATCHES
    assert peak_bytes < 60_000_000, "grows with a batch, not with the library"
    sizes = [len(extraction.store.extraction_runs.batch("run", batch.number)) for batch in planned]
    assert (sum(sizes), max(sizes) <= LARGEST_BATCH) == (files, True)
    run = extraction.store.extraction_runs.get("run")
    assert run is not None
    assert run.planned == files


@pytest.mark.parametrize("files", [1, 499, 40_000, 640_001, 1_000_000, 10_240_000, 100_000_000])
def test_any_library_fits_what_may_be_mapped(files: int) -> None:
    size = batch_size(files)
    assert size >= SMALLEST_BATCH
    assert -(-files // size) <= MOST_BATCHES


def test_batch_that_takes_too_long_ends_and_the_next_attempt_goes_on(
    extraction: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = extraction.settings.library[0].folder
    for number in range(3):
        write_tone(library / f"{number}.wav", number, duration_s=1.2)
    with monkeypatch.context() as patch, pytest.raises(BatchOverdueError, match="the rest waits"):
        patch.setattr(deadline, "_START_S", -1e6)
        patch.setattr(batches, "_MOST_IN_GROUP", 1)
        extraction.run()
    assert extraction.store.tracks.count_ready() == 1, "what was analysed is stored"
    extract_batch(extraction.store, "run 1", 0, extraction.settings, extraction.config, NOW)
    assert extraction.store.tracks.count_ready() == 3
    assert extraction.run() == []


def test_failures_of_a_batch_that_takes_too_long_are_kept_and_not_tried_again(
    extraction: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = extraction.settings.library[0].folder
    for number in range(3):
        (library / f"{number}.mp3").write_text("words")
    monkeypatch.setattr(batches, "_MOST_IN_GROUP", 1)
    monkeypatch.setattr(deadline, "_START_S", -1e6)
    for done in (1, 2):
        with pytest.raises(BatchOverdueError):
            extraction.run()
        assert len(extraction.codes()) == done
    extraction.run()
    assert [file.attempts for file in extraction.store.quarantine.recent(limit=9)] == [1, 1, 1]


def test_run_that_was_due_long_ago_is_timed_from_when_it_began(extraction: Extraction, library: Path) -> None:
    write_tone(library / "a.wav", 1)
    extraction.run(is_reported=False)
    run = extraction.store.extraction_runs.get(extraction.run_id)
    assert run.began_at > run.started_at == NOW
    report = report_run(
        extraction.store, extraction.settings.roots, extraction.config, extraction.run_id, datetime.now(UTC)
    )
    assert 0 <= report.seconds < 600
