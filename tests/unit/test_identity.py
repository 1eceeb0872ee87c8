"""A recording is the same under other tags and names, and another recording is another."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.id3
import pytest

from earwise.errors import UnreadableFileError
from earwise.library.identity import identify_recording
from tests.audio import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, make_tone, write_audio

Y = make_tone(2.0)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_retagging_leaves_the_recording_the_same(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    before = identify_recording(location)
    for title in ("Ivory", "A much longer title " * 500):
        tagged = mutagen.File(location.decode(), easy=True)
        if tagged.tags is None:
            tagged.add_tags()
        tagged["title"] = title
        tagged.save()
        assert identify_recording(location) == before
    tagged.delete()
    assert identify_recording(location) == before


def test_tags_at_the_end_of_an_mp3_leave_the_recording_the_same(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.mp3", Y)
    before = identify_recording(location)
    frames = mutagen.id3.ID3()
    frames.add(mutagen.id3.TIT2(encoding=3, text="Ivory"))
    frames.save(location.decode(), v1=2)  # writes ID3v1 as well
    assert identify_recording(location).audio_id == before.audio_id


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


def test_one_altered_byte_in_the_middle_is_another_recording(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.mp3", make_tone(5.0))
    before = identify_recording(location)
    content = bytearray((tmp_path / "a.mp3").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.mp3").write_bytes(content)
    assert identify_recording(location).audio_id != before.audio_id


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
