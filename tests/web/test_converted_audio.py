"""Tracks that browsers don't play as they are: converted once, then sent in ranges; or refused with the reason."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from flask import Flask
from werkzeug.test import TestResponse

from earwise.playback import playable, verdicts
from earwise.playback.turns import take_turn
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.audio import RATE_HZ, make_tone, write_audio
from tests.web.conftest import Browser
from tests.web.seeding import seed_track
from webapp import create_app

LENGTH_S = 3.0
JSON = {"Accept": "application/json"}
# Of names that FFmpeg does not write by itself.
_FORMATS = {".m4b": "ipod", ".wave": "wav"}


def write(path: Path, codec: str | None = None) -> None:
    """A tone in the format of the file's name, or by this codec of FFmpeg."""
    if codec is None:
        write_audio(path, make_tone(LENGTH_S))
        return
    with av.open(str(path), "w", format=_FORMATS.get(path.suffix)) as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="stereo")
        y = make_tone(LENGTH_S)
        for first in range(0, len(y), 4096):
            block = np.ascontiguousarray(y[first : first + 4096].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = RATE_HZ, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@contextmanager
def programs(replacement: list[str] | Exception | None = None) -> Iterator[list[object]]:
    """Lists the programs that are started, or starts another one in their place, or none."""
    started: list[object] = []
    run = subprocess.run

    def start(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        started.append(command)
        if isinstance(replacement, Exception):
            raise replacement
        return run(replacement or command, check=False, **{name: options[name] for name in options if name != "check"})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", start)
        yield started


def address(store: Store, path: Path) -> str:
    return f"/tracks/{seed_track(store, Tags(path.name), path=path.name.encode(), duration_s=LENGTH_S)}/audio"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wma", None),
        ("a.aiff", None),
        ("a.m4a", "alac"),
        ("a.wav", "adpcm_ms"),
        ("a.wav", "pcm_f32le"),
        ("a.mka", "ac3"),
    ],
)
def test_what_browsers_do_not_play_comes_as_flac(
    store: Store, library: Path, listener: Browser, name: str, codec: str | None
) -> None:
    write(library / name, codec)
    answer = listener.get(address(store, library / name))
    assert answer.status_code == 200
    assert answer.mimetype == "audio/flac"
    sound = soundfile.SoundFile(io.BytesIO(answer.data))
    assert sound.format == "FLAC"
    assert sound.frames / sound.samplerate == pytest.approx(LENGTH_S, abs=0.1)
    assert np.abs(sound.read()).max() > 0.05


@pytest.mark.parametrize(
    ("name", "codec", "mimetype"),
    [
        ("a.m4a", "aac", "audio/mp4"),
        ("a.m4b", "aac", "audio/mp4"),
        ("a.wav", "pcm_s16le", "audio/wav"),
        ("a.wave", "pcm_s16le", "audio/wav"),
        ("a.aac", None, "audio/aac"),
    ],
)
def test_what_browsers_play_is_sent_as_it_is(
    store: Store, library: Path, listener: Browser, name: str, codec: str | None, mimetype: str
) -> None:
    write(library / name, codec)
    for _ in range(2):
        answer = listener.get(address(store, library / name))
        assert answer.mimetype == mimetype
        assert answer.data == (library / name).read_bytes()


def test_converted_track_is_sent_in_ranges_and_converted_once(
    store: Store, library: Path, listener: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(library / "a.wma")
    path = address(store, library / "a.wma")
    whole = listener.get(path)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("converted again"))
    part = listener.get(path, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == whole.data[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.data)}"
    assert listener.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_file_that_changed_is_converted_again(store: Store, library: Path, listener: Browser) -> None:
    write_audio(library / "a.aiff", make_tone(2.0))
    first = listener.get(address(store, library / "a.aiff"))
    write_audio(library / "a.aiff", make_tone(3.0))
    second = listener.get(address(store, library / "a.aiff"))
    assert first.headers["ETag"] != second.headers["ETag"]
    assert len(second.data) > len(first.data)


@pytest.mark.parametrize("content", [b"", b"no audio at all " * 100, b"FORM\0\0\0\0AIFF"])
def test_what_cannot_be_converted_says_why_and_is_not_tried_again(
    store: Store, library: Path, listener: Browser, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "a.wma").write_bytes(content)
    path = address(store, library / "a.wma")
    for _ in range(2):
        answer = listener.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 415
        assert answer.json["detail"].startswith("No browser plays this file. It")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("tried again"))


@pytest.mark.parametrize("kind", ["avi", "nut"])
def test_container_that_is_not_one_of_music_is_not_taken_apart(
    store: Store, library: Path, listener: Browser, kind: str
) -> None:
    with av.open(str(library / "a.wma"), "w", format=kind) as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    answer = listener.get(address(store, library / "a.wma"), headers={"Accept": "application/json"})
    assert answer.status_code == 415


def test_other_copy_plays_where_one_cannot_be_converted(store: Store, library: Path, listener: Browser) -> None:
    (library / "a.wma").write_bytes(b"no audio")
    write(library / "b.mp3")
    found = seed_track(store, Tags("Twice"), path=b"a.wma")
    assert seed_track(store, Tags("Twice"), path=b"b.mp3") == found
    assert listener.get(f"/tracks/{found}/audio").mimetype == "audio/mpeg"


def test_too_many_conversions_at_a_time_ask_for_patience(
    store: Store, library: Path, listener: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playable, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(playable, "_SLOTS", 1)
    write(library / "a.wma")
    with take_turn(settings.copies, "0", places=1, patience_s=0.1, busy="Others are at it."):
        answer = listener.get(address(store, library / "a.wma"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Other tracks are being converted" in answer.text
    assert listener.get(address(store, library / "a.wma")).status_code == 200


def test_converted_tracks_take_no_more_room_than_they_may(settings: Settings, store: Store, library: Path) -> None:
    small = dataclasses.replace(settings, copies_gb=0.0009)
    app: Flask = create_app(small, store)
    app.before_request_funcs[None] = []
    for number in range(6):
        path = library / f"{number}.aiff"
        write_audio(path, make_tone(LENGTH_S, pitch_hz=200 + 20 * number))
        assert app.test_client().get(address(store, path), buffered=True).status_code == 200
    kept = sum(file.stat().st_size for file in small.copies.folder.rglob("*") if file.is_file())
    assert 100_000 < kept < 1_000_000


def test_conversion_that_is_larger_than_all_copies_may_be_is_refused_and_not_made_for_every_range(
    settings: Settings, store: Store, library: Path
) -> None:
    write_audio(library / "a.aiff", make_tone(LENGTH_S))
    path = address(store, library / "a.aiff")

    def ask(copies_gb: float) -> TestResponse:
        app: Flask = create_app(dataclasses.replace(settings, copies_gb=copies_gb), store)
        app.before_request_funcs[None] = []
        return app.test_client().get(path, headers={"Range": "bytes=0-"} | JSON, buffered=True)

    with programs() as started:
        for _ in range(3):
            answer = ask(1e-6)
            assert answer.status_code == 415
            assert "EARWISE_COPIES_GB is too small" in answer.json["detail"]
        assert len(started) == 1
        assert sum(path.stat().st_size for path in settings.copies.folder.glob("??/*")) < 200
        assert ask(2e-6).status_code == 415
        assert len(started) == 2
        assert ask(0.1).mimetype == "audio/flac"
        assert len(started) == 3


def test_conversion_that_is_too_large_ends_when_it_is(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_audio(library / "a.aiff", make_tone(LENGTH_S))
    location = os.fsencode(library / "a.aiff")
    with (tmp_path / "target").open("w+b") as target:
        verdict = verdicts.judge(location, target, room_bytes=10_000, limit_s=60.0)
        assert verdict.holds is verdicts.Holds.FOR_THE_ROOM
        assert target.seek(0, os.SEEK_END) == 10_000
    monkeypatch.setattr(verdicts, "_MOST_WRITTEN_BYTES", 10_000)
    with (tmp_path / "target").open("w+b") as target:
        verdict = verdicts.judge(location, target, room_bytes=1_000_000, limit_s=60.0)
        assert "EARWISE_COPIES_GB" not in verdict.text


def test_what_browsers_play_is_sent_though_there_is_no_room_for_the_verdict(
    settings: Settings, store: Store, library: Path
) -> None:
    app: Flask = create_app(dataclasses.replace(settings, copies_gb=1e-9), store)
    app.before_request_funcs[None] = []
    write(library / "a.m4a", "aac")
    answer = app.test_client().get(address(store, library / "a.m4a"), buffered=True)
    assert (answer.status_code, answer.data) == (200, (library / "a.m4a").read_bytes())
