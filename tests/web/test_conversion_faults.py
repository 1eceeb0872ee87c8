"""Conversions that fail for a while only, or in part: told as what they are, and made again when they can be."""

from __future__ import annotations

import errno
import io
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest
from werkzeug.test import TestResponse

from earwise.errors import LocalCopyError
from earwise.playback import playable
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import Browser
from tests.web.seeding import seed_track
from tests.web.test_converted_audio import JSON, address, programs, write


@contextmanager
def full_disk() -> Iterator[None]:
    """What is converted goes to a device that is always full."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **_: io.FileIO("/dev/full", "r+"))
        yield


def assert_to_be_waited_for(answer: TestResponse, reason: str, seconds: int) -> None:
    assert answer.status_code == 503
    assert reason in answer.json["detail"]
    assert answer.headers["Retry-After"] == str(seconds)


def test_conversion_that_takes_too_long_is_ended(store: Store, library: Path, settings: Settings) -> None:
    write(library / "a.wma")
    path = library / "a.wma"
    copies = settings.copies
    with path.open("rb"), pytest.raises(playable.UnsupportedFormatError, match=r"more than 0 s"):
        file = store.tracks.get(address(store, path).split("/")[2]).files[0].location
        playable.open_playable(file, settings.roots, copies, limit_s=0.001)


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_conversion_that_was_killed_is_waited_for_and_made_again(
    store: Store, library: Path, listener: Browser, signal: str
) -> None:
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    with programs(["sh", "-c", f"kill -{signal} $$"]):
        assert_to_be_waited_for(listener.get(path, headers=JSON), "ended from outside", 5)
    assert listener.get(path).mimetype == "audio/flac"


def test_program_that_can_not_be_started_is_waited_for(store: Store, library: Path, listener: Browser) -> None:
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    with programs(OSError(errno.EAGAIN, "")):
        assert_to_be_waited_for(listener.get(path, headers=JSON), "Resource temporarily unavailable", 5)
    assert listener.get(path).mimetype == "audio/flac"


def test_full_disk_is_waited_for(store: Store, library: Path, listener: Browser) -> None:
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    with full_disk():
        assert_to_be_waited_for(listener.get(path, headers=JSON), "disk may be full", 30)
    assert listener.get(path).mimetype == "audio/flac"


def test_what_browsers_play_is_sent_though_the_disk_is_full(store: Store, library: Path, listener: Browser) -> None:
    write(library / "a.m4a", "aac")
    with full_disk():
        assert listener.get(address(store, library / "a.m4a")).mimetype == "audio/mp4"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("kill -SEGV $$", "Converting it failed."),
        ("exit 1", "Converting it failed."),
        ("printf converted; exit 1", "Converting it failed."),
        ("printf 'failed It can not be read.'", "It can not be read."),
    ],
)
def test_fault_that_may_not_be_the_files_is_kept_for_a_while_only(
    store: Store, library: Path, listener: Browser, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    monkeypatch.setattr(playable, "_A_WHILE_S", 1e9)
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    with programs(["bash", "-c", program]) as started:
        for _ in range(3):
            answer = listener.get(path, headers=JSON)
            assert answer.status_code == 415
            assert answer.json["detail"] == f"No browser plays this file. {reason}"
        assert len(started) == 1
    monkeypatch.setattr(playable, "_A_WHILE_S", 1e8)
    assert listener.get(path).mimetype == "audio/flac"


def test_conversion_that_took_too_long_is_made_again_after_a_while(
    store: Store, library: Path, listener: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playable, "_A_WHILE_S", 1e9)
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    with programs(subprocess.TimeoutExpired("", 120.0)) as started:
        for _ in range(2):
            answer = listener.get(path, headers=JSON)
            assert answer.status_code == 415
            assert "takes more than 120 s" in answer.json["detail"]
        assert len(started) == 1
    monkeypatch.setattr(playable, "_A_WHILE_S", 1e8)
    assert listener.get(path).mimetype == "audio/flac"


def test_more_time_for_a_conversion_is_tried_at_once(store: Store, library: Path, settings: Settings) -> None:
    write(library / "a.aiff")
    found = store.tracks.get(address(store, library / "a.aiff").split("/")[2]).files[0].location
    with pytest.raises(playable.UnsupportedFormatError):
        playable.open_playable(found, settings.roots, settings.copies, limit_s=0.001)
    made = playable.open_playable(found, settings.roots, settings.copies, limit_s=60.0)
    with made.opened.reader:
        assert made.mimetype == "audio/flac"


@pytest.mark.parametrize("part", ["folder", "below"])
def test_folder_of_copies_that_can_not_be_used_is_not_taken_for_a_file_that_is_gone(
    store: Store, library: Path, listener: Browser, settings: Settings, part: str
) -> None:
    write(library / "a.aiff")
    path = address(store, library / "a.aiff")
    folder = settings.copies.folder
    if part == "below":
        folder.mkdir()
        # None of the places that wait for a conversion can be opened.
        for number in range(2):
            (folder / f"slot-{number}").mkdir()
    else:
        folder.write_text("This is no folder.")
    answer = listener.get(path, headers=JSON)
    assert_to_be_waited_for(answer, "No copy that this track is played from can be written just now", 30)
    assert str(folder) not in answer.text
    (library / "a.aiff").unlink()
    assert listener.get(path).status_code == 404


def test_other_file_plays_where_one_can_have_no_copy(
    store: Store, library: Path, listener: Browser, settings: Settings
) -> None:
    write(library / "a.aiff")
    write(library / "b.mp3")
    settings.copies.folder.write_text("This is no folder.")
    found = seed_track(store, Tags("Twice"), path=b"a.aiff")
    assert seed_track(store, Tags("Twice"), path=b"b.mp3") == found
    assert listener.get(f"/tracks/{found}/audio").mimetype == "audio/mpeg"


def test_refusal_that_could_not_be_kept_is_one_all_the_same(
    store: Store, library: Path, listener: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_after_reading(copies: object, key: str, size_bytes: int, fetch: Callable[[BinaryIO], None]) -> NoReturn:
        fetch(io.BytesIO())
        raise LocalCopyError("The quota is used up.")

    monkeypatch.setattr(playable, "cached_copy", fail_after_reading)
    (library / "a.wma").write_bytes(b"no audio at all" * 100)
    assert listener.get(address(store, library / "a.wma"), headers=JSON).status_code == 415
