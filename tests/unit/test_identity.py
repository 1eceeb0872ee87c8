"""A recording is the same under other tags and names, and another recording is another."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.flac
import mutagen.id3
import numpy as np
import pytest

from earwise.containers import open_container
from earwise.errors import UnreadableFileError
from earwise.library import contiguous, mpeg, packets, piece
from earwise.library.contiguous import read_asf, read_blocks
from earwise.library.identity import identify_recording
from earwise.library.mpeg import read_mp3
from earwise.library.packets import Identity, read_all_packets, read_sampled_packets
from tests.audio import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, make_tone, write_audio

Y = make_tone(2.0)
RATE_HZ = 16_000
LONG_S = 16.0
LONG_Y = make_tone(LONG_S, rate_hz=RATE_HZ)
TAGGED_SUFFIXES = [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wma", ".wav", ".aiff"]


@pytest.fixture(scope="module")
def long_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A track in every format that is long by the measure of `short_ways`."""
    folder = tmp_path_factory.mktemp("long")
    for suffix in TAGGED_SUFFIXES:
        # Opus is written at 48 kHz, three times as many samples for the same time.
        y = np.tile(LONG_Y, (3, 1)) if suffix == ".opus" else LONG_Y
        write_audio(folder / f"a{suffix}", y, rate_hz=RATE_HZ)
    return folder


@pytest.fixture
def short_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the short ways for tracks from 12 s on in place of 60, which need not be so long in making."""
    for module in (contiguous, mpeg, packets):
        monkeypatch.setattr(module, "SHORTEST_SAMPLED_S", 12)


def retag(location: bytes, title: str) -> None:
    tagged = mutagen.File(location.decode())
    if tagged.tags is None:
        tagged.add_tags()
    if isinstance(tagged.tags, mutagen.id3.ID3):
        tagged.tags.setall("TIT2", [mutagen.id3.TIT2(encoding=3, text=title)])
    else:
        tagged.tags["\xa9nam" if location.endswith(b".m4a") else "title"] = [title]
    tagged.save()


def assert_same_under_any_tags(location: bytes) -> None:
    before = identify_recording(location)
    for title in ("Ivory", "A much longer title " * 8_000, "Short again"):
        retag(location, title)
        assert identify_recording(location) == before
    mutagen.File(location.decode()).delete()
    assert identify_recording(location) == before


@pytest.mark.parametrize("suffix", TAGGED_SUFFIXES)
def test_retagging_leaves_the_recording_the_same(tmp_path: Path, suffix: str) -> None:
    assert_same_under_any_tags(write_audio(tmp_path / f"a{suffix}", Y))


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize("suffix", TAGGED_SUFFIXES)
def test_retagging_a_long_track_leaves_it_the_same(
    tmp_path: Path, long_files: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece, "_BLOCKS", 4)
    shutil.copy(long_files / f"a{suffix}", tmp_path)
    assert_same_under_any_tags(os.fsencode(tmp_path / f"a{suffix}"))


def test_pictures_and_padding_of_a_flac_leave_the_recording_the_same(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.flac", Y)
    before = identify_recording(location)
    tagged = mutagen.flac.FLAC(location.decode())
    picture = mutagen.flac.Picture()
    picture.data, picture.mime = bytes(range(256)) * 4_000, "image/png"
    tagged.add_picture(picture)
    tagged.save(padding=lambda info: 100_000)
    assert identify_recording(location) == before


@pytest.mark.parametrize("suffix", [".mp3", ".flac"])
def test_tags_behind_the_audio_leave_the_recording_the_same(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    before = identify_recording(location)
    behind = mutagen.apev2.APEv2()
    behind["Title"] = "Ivory " * 10_000
    behind.save(location.decode())
    assert identify_recording(location) == before
    with (tmp_path / f"a{suffix}").open("ab") as file:
        file.write(b"TAG" + b"Ivory".ljust(125, b"\0"))
    assert identify_recording(location) == before
    mutagen.apev2.delete(location.decode())
    assert identify_recording(location) == before


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".wav", ".aiff"])
def test_audio_read_as_bytes_is_the_audio_of_all_packets(long_files: Path, suffix: str) -> None:
    with (long_files / f"a{suffix}").open("rb", buffering=0) as file:
        with open_container(file) as container:
            fast = read_mp3(container, file) if suffix == ".mp3" else read_blocks(container, file)
        assert fast is not None
        assert fast.audio_id == all_packets(long_files / f"a{suffix}").audio_id
        assert fast.duration_s == pytest.approx(all_packets(long_files / f"a{suffix}").duration_s, abs=1e-6)


def test_wma_is_known_by_its_packets_as_they_are_wrapped(long_files: Path) -> None:
    with (long_files / "a.wma").open("rb", buffering=0) as file, open_container(file) as container:
        fast = read_asf(container, file)
    assert fast == identify_recording(os.fsencode(long_files / "a.wma"))
    assert fast.duration_s == pytest.approx(all_packets(long_files / "a.wma").duration_s, abs=0.001)


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".m4a"])
def test_length_of_a_track_of_which_packets_were_sought_is_that_of_all(long_files: Path, suffix: str) -> None:
    with (long_files / f"a{suffix}").open("rb", buffering=0) as file, open_container(file) as container:
        sampled = read_sampled_packets(container)
    assert sampled is not None
    assert sampled.duration_s == pytest.approx(all_packets(long_files / f"a{suffix}").duration_s, abs=0.001)


def all_packets(path: Path) -> Identity:
    with path.open("rb", buffering=0) as file, open_container(file) as container:
        found = read_all_packets(container)
    assert found is not None
    return found


@pytest.mark.usefixtures("short_ways")
@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".wav", ".aiff", ".wma"])
def test_length_of_a_track_that_was_cut_off_is_that_of_what_is_there(
    tmp_path: Path, long_files: Path, suffix: str
) -> None:
    content = (long_files / f"a{suffix}").read_bytes()
    (tmp_path / f"a{suffix}").write_bytes(content[: len(content) * 6 // 10])
    cut = identify_recording(os.fsencode(tmp_path / f"a{suffix}"))
    assert cut.duration_s == pytest.approx(all_packets(tmp_path / f"a{suffix}").duration_s, abs=0.1)
    assert cut.duration_s < 0.7 * LONG_S
    assert cut.audio_id != identify_recording(os.fsencode(long_files / f"a{suffix}")).audio_id


def test_mp3_with_noise_between_its_frames_is_still_known_by_its_packets(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.mp3", Y)
    content = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(content[:9_000] + b"\0" * 700 + content[9_000:])
    before = identify_recording(location)
    assert before.audio_id == all_packets(tmp_path / "a.mp3").audio_id
    retag(location, "Ivory")
    assert identify_recording(location).audio_id == before.audio_id


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".wma"])
def test_one_altered_packet_of_a_clip_makes_another_recording(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", LONG_Y, rate_hz=RATE_HZ)
    before = identify_recording(location)
    content = bytearray((tmp_path / f"a{suffix}").read_bytes())
    content[len(content) * 2 // 5] ^= 1
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert identify_recording(location).audio_id != before.audio_id


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".mp3", ".wma", ".m4a", ".ogg", ".opus"])
def test_parts_of_a_session_that_are_silent_nearly_everywhere_are_told_apart(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece, "_BLOCK_BYTES", 1 << 10)
    found = set()
    for level in (0.1, 0.2):
        # Opus is written at 48 kHz, six times as many samples for the same time.
        y = np.zeros((61 * (48_000 if suffix == ".opus" else 8_000), 2), np.float32)
        second = len(y) // 61
        y[round(4.5 * second) : 5 * second] = level * make_tone(0.5, rate_hz=second)
        found.add(identify_recording(write_audio(tmp_path / f"{level}{suffix}", y, rate_hz=8_000)).audio_id)
    assert len(found) == 2


def test_lyrics_behind_the_audio_of_an_mp3_leave_the_recording_the_same(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.mp3", Y)
    before = identify_recording(location)
    lyrics = b"LYRICSBEGIN" + b"IND0000200LYR00005Ivory"
    with (tmp_path / "a.mp3").open("ab") as file:
        file.write(lyrics + b"%06d" % len(lyrics) + b"LYRICS200" + b"TAG" + b"Ivory".ljust(125, b"\0"))
    assert identify_recording(location) == before


def test_renaming_leaves_the_recording_the_same(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.ogg", Y)
    shutil.copy(tmp_path / "a.ogg", tmp_path / "b.mp3")
    assert identify_recording(os.fsencode(tmp_path / "b.mp3")) == identify_recording(location)


@pytest.mark.parametrize("suffix", [*LIBSNDFILE_SUFFIXES, *FFMPEG_SUFFIXES])
def test_identity_is_32_digits_and_knows_the_length(tmp_path: Path, suffix: str) -> None:
    identity = identify_recording(write_audio(tmp_path / f"a{suffix}", Y))
    assert re.fullmatch("[0-9a-f]{32}", identity.audio_id)
    expected_s = 2.0 * 44_100 / 48_000 if suffix == ".opus" else 2.0
    assert identity.duration_s == pytest.approx(expected_s, abs=0.15)


def test_other_audio_is_another_recording(tmp_path: Path) -> None:
    first = identify_recording(write_audio(tmp_path / "a.flac", Y))
    louder = identify_recording(write_audio(tmp_path / "b.flac", Y * 1.01))
    assert first.audio_id != louder.audio_id


def test_same_samples_at_another_rate_are_another_recording(tmp_path: Path) -> None:
    first = identify_recording(write_audio(tmp_path / "a.wav", Y, rate_hz=44_100))
    slower = identify_recording(write_audio(tmp_path / "b.wav", Y, rate_hz=32_000))
    assert first.audio_id != slower.audio_id


def test_file_that_can_not_be_taken_apart_is_known_by_its_bytes(tmp_path: Path) -> None:
    identities = []
    for name, content in (("a.mp3", b"words " * 100), ("b.mp3", b"words " * 100), ("c.mp3", b"more " * 100)):
        (tmp_path / name).write_bytes(content)
        identities.append(identify_recording(os.fsencode(tmp_path / name)))
    assert identities[0] == identities[1] != identities[2]
    assert identities[0].duration_s is None


def test_absent_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="No such file"):
        identify_recording(os.fsencode(tmp_path / "absent.mp3"))
