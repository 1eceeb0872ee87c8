"""A long MP3 is told from all others, and its frames counted, without reading all of it."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import av
import mutagen.id3
import numpy as np
import pytest

from earwise.containers import open_container
from earwise.library import mpeg, piece
from earwise.library.identity import identify_recording
from earwise.library.mpeg import read_mp3
from earwise.library.packets import Identity, read_all_packets
from tests.audio import make_tone

LENGTH_S = 64.0
RATES_HZ = (44_100, 48_000, 22_050, 8_000)
BLOCK_BYTES = 1 << 11


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """32 blocks of 2 KiB in place of 64, so that an MP3 which takes no second to make is larger than all of them."""
    monkeypatch.setattr(piece, "_BLOCK_BYTES", BLOCK_BYTES)


def write_mp3(path: Path, rate_hz: int, *, is_variable: bool = False, tells: bool = True) -> Path:
    """An MP3 of a constant or a variable rate, with the frame that tells how many follow or without it."""
    with av.open(str(path), "w", options={} if tells else {"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=rate_hz, layout="stereo")
        if is_variable:
            stream.codec_context.qscale = True
            stream.codec_context.global_quality = 4 * 118
        else:
            stream.bit_rate = 64_000
        y = np.ascontiguousarray(make_tone(LENGTH_S, rate_hz=rate_hz).T)
        y[:, y.shape[1] // 3 : y.shape[1] // 2] = 0  # where a variable rate falls
        frame = av.AudioFrame.from_ndarray(y, format="fltp", layout="stereo")
        frame.sample_rate = rate_hz
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def identify(path: Path) -> Identity:
    return identify_recording(os.fsencode(path))


def all_packets(path: Path) -> Identity:
    with path.open("rb", buffering=0) as file, open_container(file) as container:
        found = read_all_packets(container)
    assert found is not None
    return found


@pytest.fixture
def no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("every frame was looked at")

    monkeypatch.setattr(mpeg, "_count_one_by_one", fail)


@pytest.mark.usefixtures("no_walk")
@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("tells", [True, False])
def test_length_of_a_constant_rate_is_exact_without_looking_at_every_frame(
    tmp_path: Path, rate_hz: int, tells: bool
) -> None:
    path = write_mp3(tmp_path / "a.mp3", rate_hz, tells=tells)
    assert identify(path).duration_s == pytest.approx(all_packets(path).duration_s, abs=1e-6)


@pytest.mark.usefixtures("no_walk")
def test_length_of_a_variable_rate_is_what_its_encoder_told(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "a.mp3", 44_100, is_variable=True)
    assert identify(path).duration_s == pytest.approx(all_packets(path).duration_s, abs=1e-6)


def test_frames_of_a_variable_rate_that_nobody_told_are_counted(tmp_path: Path) -> None:
    path = write_mp3(tmp_path / "a.mp3", 44_100, is_variable=True, tells=False)
    assert identify(path).duration_s == pytest.approx(all_packets(path).duration_s, abs=1e-6)


def test_only_some_of_a_long_mp3_is_read(tmp_path: Path) -> None:
    class CountingFile(FileIO):
        count = 0

        def read(self, size: int = -1, /) -> bytes:
            block = super().read(size)
            self.count += len(block)
            return block

    path = write_mp3(tmp_path / "a.mp3", 44_100)
    with CountingFile(path) as file, open_container(file) as container:
        assert read_mp3(container, file) is not None
        assert file.count < piece._BLOCKS * BLOCK_BYTES + 10_000 < path.stat().st_size // 4


def test_whether_the_encoder_told_the_length_does_not_tell_recordings_apart(tmp_path: Path) -> None:
    told, untold = (write_mp3(tmp_path / f"{tells}.mp3", 44_100, tells=tells) for tells in (True, False))
    assert identify(told).audio_id == identify(untold).audio_id


@pytest.mark.parametrize("is_variable", [False, True])
def test_long_mp3_that_was_cut_off_is_as_long_as_what_is_there(tmp_path: Path, is_variable: bool) -> None:
    whole = write_mp3(tmp_path / "a.mp3", 44_100, is_variable=is_variable)
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 9 // 10])
    assert identify(cut).duration_s == pytest.approx(all_packets(cut).duration_s, abs=0.03)
    assert identify(cut).audio_id != identify(whole).audio_id


@pytest.mark.parametrize("tells", [True, False])
def test_long_mp3_with_something_else_between_its_frames_is_known_by_its_packets(tmp_path: Path, tells: bool) -> None:
    path = write_mp3(tmp_path / "a.mp3", 44_100, tells=tells)
    content = path.read_bytes()
    path.write_bytes(content[:200_000] + b"\0" * 7_000 + content[200_000:])
    assert identify(path).audio_id == all_packets(path).audio_id


@pytest.mark.parametrize("place", [0, 15, 31])
def test_long_mp3_altered_in_one_of_the_blocks_is_another_recording(tmp_path: Path, place: int) -> None:
    path = write_mp3(tmp_path / "a.mp3", 44_100, tells=False)
    before = identify(path)
    content = bytearray(path.read_bytes())
    content[(len(content) - BLOCK_BYTES) * place // 31 + BLOCK_BYTES // 2] ^= 1
    path.write_bytes(content)
    assert identify(path).audio_id != before.audio_id


@pytest.mark.parametrize("is_variable", [False, True])
@pytest.mark.parametrize("tells", [True, False])
def test_tags_do_not_matter_to_a_long_mp3(tmp_path: Path, is_variable: bool, tells: bool) -> None:
    path = write_mp3(tmp_path / "a.mp3", 44_100, is_variable=is_variable, tells=tells)
    before = identify(path)
    for title in ("Ivory", "A much longer title " * 8_000):
        tags = mutagen.id3.ID3()
        tags.add(mutagen.id3.TIT2(encoding=3, text=title))
        tags.save(path, v1=2)
        assert identify(path) == before
