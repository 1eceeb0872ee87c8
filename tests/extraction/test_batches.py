"""A batch turns files into tracks or into quarantine entries, each with its reason, and costs nothing twice."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import mutagen
import pytest
import soundfile

from earwise.errors import DecodeError, ExtractionRunError, TrackError
from earwise.extraction import batches
from earwise.extraction.batches import extract_batch
from earwise.extraction.messages import Job
from earwise.paths import LibraryPath
from earwise.store.tracks import TrackState
from tests.audio import make_tone, write_audio, write_tone
from tests.extraction.conftest import NOW, Extraction, Snapshot


def broken_library(library: Path) -> dict[str, str]:
    """Write files that can't become tracks, beside three that can; their codes by path."""
    for number, name in enumerate(("a.mp3", "b.flac", "c.ogg")):
        write_tone(library / name, number)
    (library / "empty.mp3").touch()
    (library / "text.mp3").write_text("These are only words.\n" * 50)
    write_audio(library / "clip.wav", make_tone(0.2))
    write_audio(library / "silent.flac", make_tone(3.0) * 0)
    not_finite = make_tone(2.0)
    not_finite[1000] = float("nan")
    soundfile.write(library / "nan.wav", not_finite, 44_100, subtype="FLOAT")
    write_audio(library / "truncated.flac", make_tone(20.0))
    content = (library / "truncated.flac").read_bytes()
    (library / "truncated.flac").write_bytes(content[: len(content) // 2])
    os.mkfifo(library / "pipe.mp3")
    (library / "dangling.mp3").symlink_to("nowhere.mp3")
    (library / "folder.mp3").mkdir()
    return {
        "empty.mp3": "empty",
        "text.mp3": "not_audio",
        "clip.wav": "too_short",
        "silent.flac": "silent",
        "nan.wav": "non_finite",
        "truncated.flac": "truncated",
        "pipe.mp3": "not_a_file",
        "dangling.mp3": "dangling_link",
    }


def titles(extraction: Extraction) -> list[str]:
    return sorted(track.tags.title for track in extraction.store.tracks.some(100))


def test_broken_files_are_listed_with_a_reason_and_the_rest_is_analysed(
    extraction: Extraction, library: Path, snapshot: Snapshot
) -> None:
    expected = broken_library(library)
    (report,) = extraction.run()
    assert (report.analysed, report.decoded) == (3, 3)
    assert extraction.codes() == expected
    assert all(file.message.endswith(".") for file in extraction.store.quarantine.recent(limit=100))
    assert titles(extraction) == ["a", "b", "c"]
    totals = extraction.report()
    assert (totals.analysed, totals.decoded, totals.left, totals.ready) == (3, 3, 0, 3)
    assert sum(totals.failures.values()) == 6
    # A second run decodes nothing and writes nothing, broken files included.
    before = snapshot()
    assert extraction.run() == []
    assert snapshot() == before


def test_name_that_is_not_utf8_is_analysed_like_any_other(extraction: Extraction, library: Path) -> None:
    folder = os.fsencode(library) + b"/na\xefve"
    os.mkdir(folder)  # noqa: PTH102 - pathlib has no paths of bytes
    os.rename(write_tone(library / "a.mp3", 1), folder + b"/caf\xe9.mp3")  # noqa: PTH104
    extraction.run()
    (track,) = extraction.store.tracks.some(10)
    assert track.files[0].location == LibraryPath("music", b"na\xefve/caf\xe9.mp3")
    assert (track.tags.title, track.tags.album) == ("caf\N{REPLACEMENT CHARACTER}", "na\N{REPLACEMENT CHARACTER}ve")


def test_moved_and_retagged_files_keep_their_tracks_and_are_not_decoded(extraction: Extraction, library: Path) -> None:
    for number, name in enumerate(("1.mp3", "2.flac", "3.ogg", "4.mp3")):
        write_tone(library / name, number)
    extraction.run()
    before = sorted(extraction.store.tracks.ready_ids())
    (library / "a").mkdir()
    (library / "1.mp3").rename(library / "a" / "moved.mp3")
    for name in ("2.flac", "3.ogg"):
        tagged = mutagen.File(library / name, easy=True)
        tagged["title"] = "A new title"
        tagged.save()
    shutil.copy(library / "4.mp3", library / "copy.mp3")
    (report,) = extraction.run()
    assert (report.analysed, report.decoded) == (4, 0)
    assert sorted(extraction.store.tracks.ready_ids()) == before
    assert titles(extraction).count("A new title") == 2
    copied = [track for track in extraction.store.tracks.some(9) if len(track.files) == 2]
    assert [sorted(file.location.path for file in track.files) for track in copied] == [[b"4.mp3", b"copy.mp3"]]


def test_file_with_other_audio_leaves_its_old_track(extraction: Extraction, library: Path) -> None:
    write_tone(library / "a.flac", 1)
    extraction.run()
    (old,) = extraction.store.tracks.ready_ids()
    write_tone(library / "a.flac", 2)
    extraction.run()
    (new,) = extraction.store.tracks.ready_ids()
    assert new != old
    assert extraction.store.tracks.get(old).state is TrackState.MISSING


def test_file_that_breaks_leaves_its_track_and_returns_when_mended(extraction: Extraction, library: Path) -> None:
    write_tone(library / "a.flac", 1)
    content = (library / "a.flac").read_bytes()
    extraction.run()
    (track_id,) = extraction.store.tracks.ready_ids()
    (library / "a.flac").write_bytes(b"words")
    extraction.run()
    assert extraction.codes() == {"a.flac": "not_audio"}
    assert extraction.store.tracks.get(track_id).state is TrackState.MISSING
    (library / "a.flac").write_bytes(content)
    (report,) = extraction.run()
    assert (extraction.codes(), report.decoded) == ({}, 0)
    assert list(extraction.store.tracks.ready_ids()) == [track_id]


def test_quarantined_files_are_tried_again_when_asked(extraction: Extraction, library: Path) -> None:
    (library / "text.mp3").write_text("words")
    write_tone(library / "a.flac", 1)
    extraction.run()
    assert extraction.run() == []
    (report,) = extraction.run(retry_quarantined=True)
    assert report.failures == {"not_audio": 1}
    assert extraction.store.quarantine.get(LibraryPath("music", b"text.mp3")).attempts == 2


def test_files_that_an_admin_names_are_tried_again_once(extraction: Extraction, library: Path) -> None:
    for name in ("a.mp3", "b.mp3"):
        (library / name).write_text("words")
    os.mkfifo(library / "pipe.mp3")
    extraction.run()
    quarantine = extraction.store.quarantine
    assert quarantine.request_retry(LibraryPath("music", b"a.mp3").key) == 1
    assert quarantine.request_retry(LibraryPath("music", b"pipe.mp3").key) == 1
    (report,) = extraction.run()
    assert report.failures == {"not_audio": 1}
    attempts = {file.location.path: file.attempts for file in quarantine.recent(limit=9)}
    assert attempts == {b"a.mp3": 2, b"b.mp3": 1, b"pipe.mp3": 1}
    assert quarantine.retries() == []
    assert extraction.run() == []


def test_files_in_quarantine_are_opened_once_until_they_change(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []

    def analyse_and_note(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, TrackError]]:
        for job in jobs:
            opened.append(job.file.name)
            yield job, DecodeError("The decoder refused it.")

    monkeypatch.setattr(batches, "analyse_files", analyse_and_note)
    for name in ("a.mp3", "b.mp3"):
        (library / name).write_text("words")
    for _ in range(3):
        extraction.run()
    assert sorted(opened) == [b"a.mp3", b"b.mp3"]
    (library / "b.mp3").write_text("other words")
    for _ in range(2):
        extraction.run()
    assert opened[2:] == [b"b.mp3"]
    extraction.config = dataclasses.replace(extraction.config, revision=99)
    for _ in range(2):
        extraction.run()
    assert sorted(opened[3:]) == [b"a.mp3", b"b.mp3"]


def test_file_that_could_not_be_opened_is_analysed_as_soon_as_it_can(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    write_tone(library / "a.flac", 1)
    extraction.run()
    (library / "live").mkdir()
    write_tone(library / "live" / "b.flac", 2)
    extraction.scan()
    (library / "live").rename(library.parent / "away")
    with monkeypatch.context() as patch:
        patch.setattr(extraction, "scan", lambda: None)  # the disk goes away after the scan
        extraction.run()
        assert extraction.codes() == {"live/b.flac": "unreadable"}
        extraction.report()
        before = snapshot()
        assert extraction.run() == []
        before["quarantine"][0] |= {"knocks": 1, "knocked_at": NOW}
        for _ in range(2):
            assert snapshot() == before, "that it was looked for in vain is written, once, and nothing else"
            assert extraction.run() == []
    (library.parent / "away").rename(library / "live")
    extraction.now += timedelta(minutes=15)
    (report,) = extraction.run()
    assert (extraction.codes(), report.decoded) == ({}, 1)
    assert extraction.store.tracks.count_ready() == 2


def test_new_version_analyses_everything_again_and_keeps_the_old_features(
    extraction: Extraction, library: Path
) -> None:
    write_tone(library / "a.flac", 1)
    extraction.run()
    old = extraction.config.feature_version
    extraction.config = dataclasses.replace(extraction.config, hop_length=1024)
    (report,) = extraction.run()
    assert report.decoded == 1
    (track_id,) = extraction.store.tracks.ready_ids()
    assert extraction.store.features.has(track_id, old)
    assert extraction.store.features.has(track_id, extraction.config.feature_version)


def test_file_that_leads_out_of_the_library_meanwhile_is_not_opened(
    extraction: Extraction, library: Path, tmp_path: Path
) -> None:
    write_tone(tmp_path / "secret.flac", 1)
    write_tone(library / "a.flac", 2)
    extraction.scan()
    (library / "a.flac").unlink()
    (library / "a.flac").symlink_to(tmp_path / "secret.flac")
    file = LibraryPath("music", b"a.flac")
    extraction.store.extraction_runs.start("run 0", [[file]], NOW)
    extract_batch(extraction.store, "run 0", 0, extraction.settings, extraction.config, NOW)
    assert extraction.codes() == {"a.flac": "unreadable"}
    assert extraction.store.tracks.count_ready() == 0


def test_batch_of_a_run_that_is_closed_is_refused_and_the_run_keeps_its_counts(
    extraction: Extraction, library: Path, snapshot: Snapshot
) -> None:
    write_tone(library / "a.flac", 1)
    (library / "b.mp3").write_text("words")
    extraction.run()
    before = snapshot()
    with pytest.raises(ExtractionRunError, match=r"'run 1' has no batch 1, as it is closed\..* trigger a new one"):
        extract_batch(extraction.store, "run 1", 0, extraction.settings, extraction.config, NOW)
    assert snapshot() == before
    run = extraction.store.extraction_runs.get("run 1")
    assert run is not None
    assert (run.done, run.failures) == (2, {"not_audio": 1})


def test_batch_that_was_done_when_its_task_was_killed_is_no_failure_at_the_next_attempt(
    extraction: Extraction, library: Path
) -> None:
    write_tone(library / "a.flac", 1)
    (library / "b.mp3").write_text("words")
    extraction.run(is_reported=False)
    report = extract_batch(extraction.store, "run 1", 0, extraction.settings, extraction.config, NOW)
    assert (report.analysed, report.failures) == (0, {})
    run = extraction.store.extraction_runs.get("run 1")
    assert run is not None
    assert (run.done, run.decoded, run.failures) == (2, 1, {"not_audio": 1})


def test_batch_whose_files_have_all_left_the_library_is_no_failure(extraction: Extraction, library: Path) -> None:
    extraction.store.extraction_runs.start("run 0", [[LibraryPath("music", b"gone.flac")]], NOW)
    report = extract_batch(extraction.store, "run 0", 0, extraction.settings, extraction.config, NOW)
    assert report.analysed == 0
