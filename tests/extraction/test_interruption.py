"""A run that is broken off anywhere is finished by the next, and ends where an undisturbed one ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from earwise.errors import StoreError, TrackError
from earwise.extraction import batches, deadline
from earwise.extraction.analysis import analyse_track
from earwise.extraction.batches import extract_batch
from earwise.extraction.directory import refresh_stale_directory
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.planning import plan_batches
from earwise.extraction.pool import longest_outcome_s
from earwise.paths import LibraryPath
from earwise.roots.opening import local_copy
from earwise.store.aliases import Aliases
from earwise.store.features import Features
from earwise.store.folders import Folders
from earwise.store.quarantine import Quarantine
from earwise.store.tracks import Tracks
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction, Snapshot

WRITES = [
    *(
        (Features, "put_many"),
        (Tracks, "put_many"),
        (Tracks, "remove_file"),
        (Quarantine, "put"),
        (Folders, "put_entries"),
    ),
    *((Aliases, "put"), (Aliases, "mark_followed")),
]


def analyse_here(
    jobs: Sequence[Job], *, known_versions: Callable[[str], frozenset[str]], **_: object
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    """Analyse in this process: nothing here is about workers."""
    for job in jobs:
        try:
            with local_copy(job.file, job.roots) as location:
                analysis = analyse_track(job.file, location, job.configs, known_versions)
            yield job, analysis
        except TrackError as error:
            yield job, error


def final_state(snapshot: Snapshot) -> dict[str, Any]:
    """What counts once a run is over: attempts and run documents may differ."""
    state = snapshot()
    for file in state["quarantine"]:
        file.pop("attempts")
    return {name: state[name] for name in ("aliases", "features", "folders", "quarantine", "tracks")}


def test_broken_off_at_any_write_the_next_run_ends_where_an_undisturbed_one_does(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot, database_name: str
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    for number in range(3):
        write_tone(library / f"{number}.wav", number, duration_s=1.2)
    extraction.run()
    # One file changes its audio, one breaks, one is new: every kind of write is needed.
    write_tone(library / "0.wav", 7, duration_s=1.3)
    (library / "1.wav").write_text("words")
    write_tone(library / "new.wav", 8, duration_s=1.2)
    before = snapshot()
    extraction.run()
    undisturbed = final_state(snapshot)
    database = extraction.store.client[database_name]
    for kind, method in WRITES:
        for when in ("before", "after"):
            for name in snapshot():
                database[name].delete_many({})
                if before[name]:
                    database[name].insert_many(before[name])
            with monkeypatch.context() as patch, pytest.raises(StoreError):
                patch.setattr(kind, method, _breaking(getattr(kind, method), when))
                extraction.run()
            extraction.run()
            assert final_state(snapshot) == undisturbed, (kind, method, when)


@pytest.mark.parametrize("fate", ["gone", "other audio", "broken"])
def test_file_that_changes_after_a_run_was_broken_off_leaves_no_track_behind(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    write_tone(library / "stays.wav", 0, duration_s=1.2)
    extraction.run()
    write_tone(library / "new.wav", 1, duration_s=1.2)
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(Tracks, "put_many", _breaking(Tracks.put_many, "after"))
        extraction.run()
    if fate == "gone":
        (library / "new.wav").unlink()
    elif fate == "broken":
        (library / "new.wav").write_text("words")
    else:
        write_tone(library / "new.wav", 2, duration_s=1.3)
    extraction.run()
    ready = [extraction.store.tracks.get(track_id) for track_id in extraction.store.tracks.ready_ids()]
    files = [file.location.display for track in ready for file in track.files]
    assert sorted(files) == (["new.wav", "stays.wav"] if fate == "other audio" else ["stays.wav"])


def _breaking(write: Callable[..., None], when: str) -> Callable[..., None]:
    def write_once(*arguments: object) -> None:
        if when == "after":
            write(*arguments)
        raise StoreError("MongoDB did not answer.")

    return write_once


def test_lists_that_a_run_did_not_come_to_are_written_by_the_next(extraction: Extraction, library: Path) -> None:
    write_tone(library / "a.wav", 1)
    extraction.run(is_reported=False)
    assert extraction.store.shelves.is_stale(), "a run that ends before its report leaves them so"
    extraction.scan()
    refresh_stale_directory(extraction.store)
    assert not extraction.store.shelves.is_stale()
    extraction.run()
    assert not extraction.store.shelves.is_stale(), "nothing was new"
    (library / "a.wav").unlink()
    write_tone(library / "b.wav", 2)
    extraction.scan()
    assert extraction.store.shelves.is_stale(), "a file is gone"


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("hanging_parent.py"))], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "hanging\n"
    (worker,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.1)


def test_batch_that_hangs_where_its_disk_is_away_is_ended_and_the_next_attempt_goes_on(
    extraction: Extraction, library: Path, tmp_path: Path, mongo_uri: str, database_name: str
) -> None:
    write_tone(library / "1.wav", 1, duration_s=1.2)
    extraction.scan()
    (batch,) = plan_batches(extraction.store, extraction.settings.roots, extraction.config, "run", NOW)
    fifo = tmp_path / "disk"
    os.mkfifo(fifo)
    script = Path(__file__).with_name("hanging_batch.py")
    ended = subprocess.run(
        [sys.executable, str(script), mongo_uri, database_name, str(library), "run", str(fifo)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "hanging\n")
    assert "in hang\n" in ended.stderr, "where it hung is said"
    report = extract_batch(extraction.store, "run", batch.number, extraction.settings, extraction.config, NOW)
    assert (report.analysed, extraction.codes()) == (1, {})


@pytest.mark.parametrize("task", ["scan", "plan"])
def test_scan_or_plan_that_hangs_where_its_disk_is_away_is_ended_and_changes_nothing(
    extraction: Extraction,
    library: Path,
    snapshot: Snapshot,
    tmp_path: Path,
    mongo_uri: str,
    database_name: str,
    task: str,
) -> None:
    write_tone(library / "1.wav", 1, duration_s=1.2)
    extraction.scan()
    extraction.store.quarantine.put(LibraryPath("music", b"1.wav"), "unreadable", "The disk does not answer.", NOW)
    (library / "1.wav").unlink()
    before = snapshot()
    fifo = tmp_path / "disk"
    os.mkfifo(fifo)
    script = Path(__file__).with_name("hanging_scan.py")
    ended = subprocess.run(
        [sys.executable, str(script), mongo_uri, database_name, str(library), task, str(fifo)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "hanging\n"), ended.stderr
    assert "in hang\n" in ended.stderr, "where it hung is said"
    assert {**snapshot(), "quarantine": []} == {**before, "quarantine": []}


def test_hanging_process_says_where_before_its_tasks_time_is_up_whatever_size_a_listing_claims(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(deadline.faulthandler, "dump_traceback_later", lambda s, **_: asked.append(s))
    with deadline.ended_if_hanging(longest_outcome_s(3600.0, deadline.fetching_s(2**63, 8))):
        pass
    assert timedelta(days=3) < timedelta(seconds=asked[0]) < timedelta(days=4)


def test_time_begins_anew_where_something_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [0.0], list[float]()
    monkeypatch.setattr(deadline.faulthandler, "dump_traceback_later", lambda s, **_: asked.append(clock[0] + s))
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    with deadline.ended_if_hanging(100.0) as get_on:
        for clock[0] in (1.0, 59.0, 61.0, 62.0, 200.0):
            get_on()
    assert asked == [1000.0, 1061.0, 1200.0]


def test_batch_that_ends_is_not_watched_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(deadline.faulthandler, "dump_traceback_later", lambda s, **_: asked.append(round(s)))
    monkeypatch.setattr(deadline.faulthandler, "cancel_dump_traceback_later", lambda: asked.append("cancelled"))
    with pytest.raises(KeyError), deadline.ended_if_hanging(deadline.Deadline(files=120, processes=2).left_s):
        raise KeyError
    assert asked == [600 + 1800 + 900, "cancelled"]
