"""Files of every format become samples, and files that are none become an error that says why."""

from __future__ import annotations

import os
import random
import struct
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from earwise.errors import DecodeError, NonFiniteAudioError, TrackError, UnreadableFileError, UnsupportedFormatError
from earwise.features import decode
from earwise.features.config import MfccConfig
from earwise.features.decode import decode_track, read_duration_s
from earwise.features.mfcc import summarise
from earwise.library.identity import identify_recording
from tests.audio import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, make_tone, write_audio

CONFIG = MfccConfig()


@pytest.fixture
def by_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let libsndfile refuse every file."""

    def refuse(*arguments: object) -> None:
        raise soundfile.LibsndfileError(1)

    monkeypatch.setattr(decode, "_decode_by_libsndfile", refuse)


@pytest.mark.parametrize("suffix", [*LIBSNDFILE_SUFFIXES, *FFMPEG_SUFFIXES])
def test_every_format_becomes_mono_float32_at_the_rate_asked_for(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"clip{suffix}", make_tone(3.0))
    audio = decode_track(location, [CONFIG])
    (y,) = audio.excerpts_for(CONFIG)
    assert (y.ndim, y.dtype) == (1, np.float32)
    # Opus files are written as 48 kHz, which makes the same samples shorter.
    seconds = 3.0 * 44_100 / 48_000 if suffix == ".opus" else 3.0
    assert y.size / CONFIG.sr == pytest.approx(seconds, abs=0.15)
    assert audio.duration_s == pytest.approx(seconds, abs=0.15)
    assert read_duration_s(location) == pytest.approx(seconds, abs=0.15)
    assert audio.decoder == ("ffmpeg" if suffix in FFMPEG_SUFFIXES else "libsndfile")


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".m4a", ".wma"])
def test_lossy_formats_sound_like_the_original(tmp_path: Path, suffix: str) -> None:
    y = make_tone(3.0)
    original = summarise(decode_track(write_audio(tmp_path / "a.wav", y), [CONFIG]).excerpts_for(CONFIG), CONFIG)
    encoded = summarise(decode_track(write_audio(tmp_path / f"a{suffix}", y), [CONFIG]).excerpts_for(CONFIG), CONFIG)
    other = make_tone(3.0, pitch_hz=700)
    stranger = summarise(decode_track(write_audio(tmp_path / "b.wav", other), [CONFIG]).excerpts_for(CONFIG), CONFIG)
    assert np.linalg.norm(encoded - original) < 0.7 * np.linalg.norm(stranger - original)


def test_channels_are_averaged(tmp_path: Path) -> None:
    y = make_tone(2.0)
    (both,) = decode_track(write_audio(tmp_path / "a.wav", y, rate_hz=CONFIG.sr), [CONFIG]).excerpts_for(CONFIG)
    np.testing.assert_allclose(both[: len(y)], y.mean(axis=1), atol=1e-4)


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg", ".m4a"])
def test_long_track_gives_excerpts_from_where_they_should_be(tmp_path: Path, suffix: str) -> None:
    # The pitch climbs through the track, so that each excerpt tells where it comes from.
    rate_hz, duration_s = 8_000, 45.0
    time_s = np.arange(int(duration_s * rate_hz)) / rate_hz
    y = (0.3 * np.sin(2 * np.pi * (200 * time_s + 10 * time_s**2))).astype(np.float32)  # 200 Hz + 20 Hz/s
    location = write_audio(tmp_path / f"long{suffix}", np.stack([y, y], axis=1), rate_hz=rate_hz)
    audio = decode_track(location, [CONFIG], duration_s=identify_recording(location).duration_s)
    planned, excerpts = CONFIG.excerpts_of(audio.length_s), audio.excerpts_for(CONFIG)
    assert len(excerpts) == len(planned) == int(CONFIG.most_share * audio.length_s)
    for y, excerpt in zip(excerpts, planned, strict=True):
        assert y.size == pytest.approx(excerpt.length_s * CONFIG.sr, abs=2)
        crossings = np.count_nonzero(np.diff(np.signbit(y))) / 2
        assert crossings == pytest.approx(200 + 20 * (excerpt.start_s + excerpt.length_s / 2), abs=8)


def test_short_track_is_taken_whole(tmp_path: Path) -> None:
    longest_s = CONFIG.longest_whole_s
    location = write_audio(tmp_path / "a.flac", make_tone(longest_s - 1, rate_hz=8000), rate_hz=8000)
    (y,) = decode_track(location, [CONFIG]).excerpts_for(CONFIG)
    assert y.size / CONFIG.sr == pytest.approx(longest_s - 1, abs=0.01)


# In Ogg files libsndfile lands some milliseconds early.
@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".wav"])
def test_excerpts_hold_the_very_samples_of_the_track(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", make_tone(20.0))
    whole, rate_hz = soundfile.read(os.fsdecode(location), dtype="float32", always_2d=True)
    audio = decode_track(location, [CONFIG])
    assert (len(audio.spans), rate_hz) == (10, 44_100)
    for span, part in zip(audio.spans, audio.parts, strict=True):
        np.testing.assert_allclose(part, whole[span.first : span.end].mean(axis=1), atol=1e-3)


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg", ".m4a"])
def test_excerpts_for_two_configurations_are_those_for_each_alone(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", make_tone(40.0, rate_hz=16_000), rate_hz=16_000)
    other = MfccConfig(excerpts=3, excerpt_s=4.0, sr=8_000)
    both = decode_track(location, [CONFIG, other])
    assert sum(span.end - span.first for span in both.spans) / 16_000 < 20 + 12
    for config in (CONFIG, other):
        alone = summarise(decode_track(location, [config]).excerpts_for(config), config)
        # A decoder of MP3 or AAC that sought to another place may begin an excerpt with other rounding errors.
        np.testing.assert_allclose(summarise(both.excerpts_for(config), config), alone, atol=0.5)


@pytest.mark.usefixtures("by_ffmpeg")
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_both_decoders_read_every_kind_of_sample_alike(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", make_tone(2.0, rate_hz=CONFIG.sr), CONFIG.sr, subtype=subtype)
    audio = decode_track(os.fsencode(tmp_path / "a.wav"), [CONFIG])
    assert audio.decoder == "ffmpeg"
    expected, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_allclose(audio.parts[0], expected.mean(axis=1)[: audio.parts[0].size], atol=1e-6)


@pytest.mark.usefixtures("by_ffmpeg")
def test_decoding_whole_numbers_by_ffmpeg_begins_no_threads(tmp_path: Path) -> None:
    # As it once did for each excerpt; their stacks filled the memory that a worker may take.
    location = write_audio(tmp_path / "long.flac", make_tone(60.0, rate_hz=8_000), rate_hz=8_000)
    before = psutil.Process().num_threads()
    audio = decode_track(location, [CONFIG])
    assert (audio.decoder, len(audio.spans) > 10) == ("ffmpeg", True)
    assert psutil.Process().num_threads() == before


def test_file_name_need_not_be_utf8(tmp_path: Path) -> None:
    for suffix in (b".flac", b".m4a"):
        written = write_audio(tmp_path / ("a" + suffix.decode()))
        location = os.fsencode(tmp_path) + b"/caf\xe9" + suffix
        os.rename(written, location)  # noqa: PTH104 - pathlib has no paths of bytes
        assert decode_track(location, [CONFIG]).excerpts_for(CONFIG)[0].size


def test_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()
    with pytest.raises(DecodeError, match="empty") as caught:
        decode_track(os.fsencode(tmp_path / "a.mp3"), [CONFIG])
    assert caught.value.code == "empty"


@pytest.mark.parametrize(
    "content",
    [b"just words\n" * 100, bytes(5000), random.Random(1).randbytes(64), b"#EXTM3U\nhttp://x/y.ts\n"],
    ids=["words", "zeros", "noise", "list of links"],
)
def test_file_that_is_not_audio_is_called_that(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises(TrackError) as caught:
        decode_track(os.fsencode(tmp_path / "a.mp3"), [CONFIG])
    assert caught.value.code == "not_audio"
    assert "opening" not in str(caught.value), "the number of a descriptor tells nobody which file it was"


def test_flac_that_is_cut_off_is_called_truncated(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.flac", make_tone(60.0, rate_hz=8_000), rate_hz=8_000)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) // 2])
    with pytest.raises(DecodeError, match="promises 60 s") as caught:
        decode_track(location, [CONFIG], duration_s=identify_recording(location).duration_s)
    assert caught.value.code == "truncated"


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".wav"])
def test_cut_off_stream_is_analysed_as_far_as_it_goes(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", make_tone(60.0, rate_hz=8_000), rate_hz=8_000)
    content = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"a{suffix}").write_bytes(content[: len(content) // 2])
    audio = decode_track(location, [CONFIG], duration_s=identify_recording(location).duration_s)
    assert audio.duration_s == pytest.approx(30.0, abs=4.0)


def test_header_that_claims_four_gigabytes_costs_no_memory(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.wav", make_tone(2.0))
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFFFFF0)
    (tmp_path / "a.wav").write_bytes(content)
    tracemalloc.start()
    audio = decode_track(location, [CONFIG])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(y.size for y in audio.excerpts_for(CONFIG)) / CONFIG.sr == pytest.approx(2.0, abs=0.1)
    assert peak < 32 << 20


def test_rate_that_no_music_has_is_refused(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.wav", make_tone(1.0), rate_hz=44_100)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = struct.pack("<I", 2_000_000_000)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnsupportedFormatError, match="2000000000 Hz"):
        decode_track(location, [CONFIG])


def test_kind_of_audio_that_no_decoder_reads_is_called_unsupported(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.wav", make_tone(1.0))
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[20:22] = b"\x50\x50"
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnsupportedFormatError, match="No decoder"):
        decode_track(location, [CONFIG])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_found(tmp_path: Path, value: float) -> None:
    y = make_tone(2.0)
    y[1000] = value
    soundfile.write(tmp_path / "a.wav", y, 44_100, subtype="FLOAT")
    with pytest.raises(NonFiniteAudioError):
        summarise(decode_track(os.fsencode(tmp_path / "a.wav"), [CONFIG]).excerpts_for(CONFIG), CONFIG)


def test_directory_and_absent_file_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "link.mp3").symlink_to(tmp_path / "nowhere")
    for name in ("folder.mp3", "link.mp3", "absent.mp3"):
        with pytest.raises(UnreadableFileError):
            decode_track(os.fsencode(tmp_path / name), [CONFIG])


def test_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp3")
    failures: list[TrackError] = []

    def decode() -> None:
        try:
            decode_track(os.fsencode(tmp_path / "a.mp3"), [CONFIG])
        except TrackError as error:
            failures.append(error)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    thread.join(5)
    assert [error.code for error in failures] == ["unreadable"]
