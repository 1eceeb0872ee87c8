"""A batch turns files into tracks or into quarantine entries, each with its reason, and costs nothing twice."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import mutagen
import pytest
import soundfile

from earwise.errors import BatchOverdueError, BrokenDecoderError, DecodeError, TrackError
from earwise.extraction import batches, deadline, link
from earwise.extraction.batches import extract_batch
from earwise.extraction.messages import Job
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store.tracks import TrackState
from tests.audio import make_tone, write_audio, write_tone
from tests.extraction.conftest import NOW, Extraction, Snapshot

FAULTY_WORKER = (sys.executable, str(Path(__file__).with_name("faulty_worker.py")))


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
        assert snapshot() == before
    (library.parent / "away").rename(library / "live")
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


def test_decoder_that_crashes_or_hangs_costs_one_file(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    names = ("segv", "exit", "hang", "surprise", "eof", "disk", "nomem", "greedy", "kill", "bump", "1", "2", "3")
    for number, name in enumerate(names):
        write_tone(library / f"{name}.wav", number)
    extraction.settings = dataclasses.replace(extraction.settings, extract_processes=2, decode_timeout_s=8.0)
    (report,) = extraction.run()
    assert titles(extraction) == ["1", "2", "3", "bump"]
    assert report.analysed == 4
    assert extraction.codes() == {
        "segv.wav": "decoder_crash",
        "exit.wav": "decoder_crash",
        "hang.wav": "time_out",
        "surprise.wav": "failed",
        "eof.wav": "failed",
        "nomem.wav": "out_of_memory",
        "disk.wav": "read_error",
        "greedy.wav": "out_of_memory",
        "kill.wav": "killed",
    }
    messages = {file.location.display: file.message for file in extraction.store.quarantine.recent(limit=99)}
    assert "SIGSEGV" in messages["segv.wav"]
    assert "status 3" in messages["exit.wav"]
    assert "8 s" in messages["hang.wav"]
    assert "out of cheese" in messages["surprise.wav"]
    assert "Input/output error" in messages["disk.wav"]
    assert "256 MB" in messages["greedy.wav"]
    assert "SIGKILL" in messages["kill.wav"]


def test_worker_that_not_even_a_kill_ends_costs_one_file(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = subprocess.Popen.wait

    def wait_in_vain(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if FAULTY_WORKER[1] not in str(process.args):
            return wait(process, timeout)
        if timeout is not None:
            raise subprocess.TimeoutExpired(process.args, timeout)
        assert threading.current_thread() is not threading.main_thread(), "this would wait for as long as the disk"
        return wait(process)

    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    monkeypatch.setattr(subprocess.Popen, "wait", wait_in_vain)
    for number, name in enumerate(("hang", "1")):
        write_tone(library / f"{name}.wav", number, duration_s=1.2)
    extraction.settings = dataclasses.replace(extraction.settings, decode_timeout_s=3.0)
    extraction.run()
    assert (extraction.codes(), titles(extraction)) == ({"hang.wav": "time_out"}, ["1"])


@pytest.mark.parametrize(("bytes_per_s", "code"), [(2_000, None), (1e9, "time_out")])
def test_file_that_has_to_be_fetched_gets_time_by_its_size(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, bytes_per_s: float, code: str | None
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    monkeypatch.setattr(deadline, "_FETCHED_BYTES_PER_S", bytes_per_s)
    monkeypatch.setenv("SLOWNESS_S", "4")
    write_tone(library / "1.wav", 1, duration_s=1.2)
    with zipfile.ZipFile(library / "music.zip", "w") as archive:
        archive.write(library / "1.wav", "1.wav")
    root = Root("music", library / "music.zip")
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,), decode_timeout_s=3.0)
    extraction.run()
    assert extraction.codes().get("1.wav") == code


def test_files_that_are_fetched_at_once_share_a_line_and_their_batch_has_time_for_all(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_s: list[float] = []

    def analyse_and_note(jobs: Sequence[Job], *, until: float, **_: object) -> Iterator[tuple[Job, TrackError]]:
        given_s.extend((until - time.monotonic(), *(job.fetching_s for job in jobs)))
        for job in jobs:
            yield job, DecodeError("The decoder refused it.")

    monkeypatch.setattr(batches, "analyse_files", analyse_and_note)
    monkeypatch.setattr(deadline, "_FETCHED_BYTES_PER_S", 1)
    with zipfile.ZipFile(library / "music.zip", "w") as archive:
        for size_bytes in (10_000, 20_000):
            archive.writestr(f"{size_bytes}.wav", bytes(size_bytes))
    root = Root("music", library / "music.zip")
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,), extract_processes=4)
    extraction.run()
    assert sorted(given_s[1:]) == [40_000, 80_000]
    assert given_s[0] > 30_000
    assert extraction.store.extraction_runs.get(extraction.run_id).longest_fetch_s == 80_000


def test_batch_whose_time_is_up_does_not_wait_for_a_file_that_hangs(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    monkeypatch.setattr(deadline, "_START_S", 6.0)
    monkeypatch.setattr(deadline, "_FILE_S", 0.0)
    for number, name in enumerate(("1", "hang")):
        write_tone(library / f"{name}.wav", number, duration_s=1.2)
    extraction.settings = dataclasses.replace(extraction.settings, decode_timeout_s=590.0)
    with pytest.raises(BatchOverdueError):
        extraction.run()
    assert (extraction.codes(), titles(extraction)) == ({}, ["1"])


def test_kill_while_the_system_is_out_of_memory_is_called_that(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    monkeypatch.setattr(link, "count_memory_kills", itertools.count().__next__)
    write_tone(library / "kill.wav", 1)
    extraction.run()
    assert extraction.codes() == {"kill.wav": "out_of_memory"}


def test_broken_decoder_does_not_look_like_a_library_of_broken_files(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    for number in range(20):
        write_tone(library / f"{number}.wav", number, duration_s=1.1)
    with monkeypatch.context() as patch, pytest.raises(BrokenDecoderError, match="known to be good"):
        patch.setenv("BROKEN_DECODER", ".wav")
        extraction.run()
    assert extraction.codes() == {}
    assert extraction.store.extraction_runs.latest().done == 0
    (report,) = extraction.run()
    assert report.analysed == 20


def test_decoder_broken_for_one_format_quarantines_nothing_of_that_format(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    tone = write_tone(library / "0.wav", 0, duration_s=1.1)
    for number in range(1, 21):
        shutil.copy(os.fsdecode(tone), library / f"{number}.wav")
        (library / f"{number}.wma").write_bytes(bytes([number]) * 100)
    with monkeypatch.context() as patch, pytest.raises(BrokenDecoderError, match=r"20 of 41 .*reference\.wma"):
        patch.setenv("BROKEN_DECODER", ".wma")
        extraction.run()
    assert extraction.codes() == {}
    assert extraction.store.tracks.count_ready() == 1


def test_decoder_broken_for_a_format_that_did_not_fail_does_not_stop_the_batch(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    monkeypatch.setenv("BROKEN_DECODER", ".wma")
    for number in range(20):
        (library / f"{number}.mp3").write_text(f"words {number}")
    (report,) = extraction.run()
    assert report.failures == {"not_audio": 20}


def test_library_of_broken_files_is_quarantined_when_the_decoder_is_sound(
    extraction: Extraction, library: Path
) -> None:
    for number in range(20):
        (library / f"{number}.mp3").write_text(f"words {number}")
    (report,) = extraction.run()
    assert report.failures == {"not_audio": 20}


def test_worker_that_does_not_start_fails_the_batch_and_not_the_files(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tone(library / "a.wav", 1)
    monkeypatch.setattr(link, "WORKER_COMMAND", (sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(BrokenDecoderError, match="status 7"):
        extraction.run()
    assert extraction.codes() == {}
