"""Workers and decoders that fail: which of it is a file's fault, and what it costs."""

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

import pytest

from earwise.errors import BatchOverdueError, BrokenDecoderError, DecodeError, TrackError
from earwise.extraction import batches, deadline, link
from earwise.extraction.messages import Job
from earwise.root import Root
from tests.audio import write_tone
from tests.extraction.conftest import Extraction
from tests.extraction.test_batches import titles

FAULTY_WORKER = (sys.executable, str(Path(__file__).with_name("faulty_worker.py")))


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


def test_process_is_not_ended_while_its_first_file_may_still_be_fetched_and_decoded(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched_s, given_s = list[float](), list[float]()

    def analyse_and_note(jobs: Sequence[Job], *, timeout_s: float, **_: object) -> Iterator[tuple[Job, TrackError]]:
        for job in jobs:
            given_s.append(timeout_s + job.fetching_s)
            yield job, DecodeError("The decoder refused it.")

    monkeypatch.setattr(batches, "analyse_files", analyse_and_note)
    monkeypatch.setattr(deadline.faulthandler, "dump_traceback_later", lambda s, **_: watched_s.append(s))
    monkeypatch.setattr(deadline, "_FETCHED_BYTES_PER_S", 1)
    with zipfile.ZipFile(library / "music.zip", "w") as archive:
        archive.writestr("long.wav", bytes(10_000))
    root = Root("music", library / "music.zip")
    extraction.settings = dataclasses.replace(
        extraction.settings, library=(root,), extract_processes=8, decode_timeout_s=3600.0
    )
    extraction.run()
    assert given_s == [3600.0 + 80_000.0]
    assert watched_s[-1] > given_s[0] + 3600.0, "the time to decode begins anew once the recording is known"


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


@pytest.mark.parametrize(("fault", "code"), [("segv", "decoder_crash"), ("surprise", "failed")])
def test_known_track_keeps_an_unchanged_file_on_which_the_decoder_crashes(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, fault: str, code: str
) -> None:
    write_tone(library / f"{fault}.wav", 1, duration_s=1.2)
    extraction.run()
    (track_id,) = extraction.store.tracks.ready_ids()
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    extraction.run(force=True)
    assert extraction.codes() == {f"{fault}.wav": code}
    assert [file.location.display for file in extraction.store.tracks.get(track_id).files] == [f"{fault}.wav"]
