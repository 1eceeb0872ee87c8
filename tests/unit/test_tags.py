"""Tags are read where there are any, filled from the path where there are none, and never do harm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import mutagen
import mutagen.id3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwise.library.tags import MAX_LENGTH, VARIOUS_ARTISTS, make_tags, read_tags, tame_text
from earwise.paths import LibraryPath
from earwise.tags import Tags
from tests.audio import make_tone, write_audio

Y = make_tone(1.0)


def at(path: bytes) -> LibraryPath:
    return LibraryPath("music", path)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_tags_come_from_the_file(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    tagged = mutagen.File(location.decode(), easy=True)
    if tagged.tags is None:
        tagged.add_tags()
    values = {"title": "Ágætis", "artist": "Sigur Rós", "album": "Von", "genre": "Rock", "date": "1997-06-14"}
    for key, value in {**values, "tracknumber": "3/12"}.items():
        tagged[key] = value
    tagged.save()
    assert read_tags(at(b"x/y/a"), location) == Tags("Ágætis", "Sigur Rós", "Von", "Rock", 1997, 3)


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_album_artist_and_disc_come_from_the_file(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    tagged = mutagen.File(location.decode(), easy=True)
    if tagged.tags is None:
        tagged.add_tags()
    values = {"artist": "Ann feat. Ben", "albumartist": "Ann", "tracknumber": "3/12", "discnumber": "2/3"}
    for key, value in values.items():
        tagged[key] = value
    tagged.save()
    tags = read_tags(at(b"a"), location)
    assert (tags.artist, tags.album_artist, tags.disc_number, tags.track_number) == ("Ann feat. Ben", "Ann", 2, 3)


def test_album_artist_and_disc_come_from_wma_too(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.wma", Y)
    tagged = mutagen.File(location.decode())
    tagged["Author"], tagged["WM/AlbumArtist"], tagged["WM/PartOfSet"] = ["Ben"], ["Ann"], ["1/2"]
    tagged.save()
    tags = read_tags(at(b"a"), location)
    assert (tags.artist, tags.album_artist, tags.disc_number) == ("Ben", "Ann", 1)


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_album_artist_and_disc_come_from_id3_in_wav_and_aiff(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    tagged = mutagen.File(location.decode())
    tagged.add_tags()
    tagged.tags.add(mutagen.id3.TPE2(encoding=3, text="Ann"))
    tagged.tags.add(mutagen.id3.TPOS(encoding=3, text="2"))
    tagged.save()
    tags = read_tags(at(b"a"), location)
    assert (tags.artist, tags.album_artist, tags.disc_number) == ("Ann", "Ann", 2)


@pytest.mark.parametrize(
    ("key", "value"), [("Album Artist", "Ann"), ("ALBUMARTIST", ["Ann"]), ("album artist", ["Ann"]), ("TPE2", "Ann")]
)
def test_keys_are_known_however_they_are_written(key: str, value: object) -> None:
    tags = make_tags({"Artist": "Ben", "Album": "Hits", "Disc": "2/2", "Track": "1", key: value}, at(b"a.ape"))
    assert tags == Tags("a", "Ben", "Hits", track_number=1, album_artist="Ann", disc_number=2)


@pytest.mark.parametrize(
    ("suffix", "key", "value"),
    [
        (".mp3", "compilation", "1"),
        (".flac", "COMPILATION", "1"),
        (".ogg", "compilation", "1"),
        (".m4a", "cpil", True),
        (".wma", "WM/IsCompilation", True),
    ],
)
def test_compilation_that_names_nobody_is_by_various_artists(
    tmp_path: Path, suffix: str, key: str, value: object
) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    tagged = mutagen.File(location.decode(), easy=suffix != ".m4a")
    if tagged.tags is None:
        tagged.add_tags()
    tagged[key] = value
    tagged.save()
    assert read_tags(at(b"a"), location).album_artist == VARIOUS_ARTISTS


@pytest.mark.parametrize("said", ["0", "", "False", "no", "\0", "x" * 10_000])
def test_what_is_no_compilation_names_no_album_artist(said: str) -> None:
    assert make_tags({"compilation": [said], "artist": ["Ann"]}, at(b"a.mp3")).album_artist == ""
    assert make_tags({"compilation": ["1"], "albumartist": ["Ann"]}, at(b"a.mp3")).album_artist == "Ann"


def test_hostile_album_artist_is_tamed() -> None:
    for said in ("A\0n\N{RIGHT-TO-LEFT OVERRIDE}n", ["Ann\x07"], [b"Ann"]):
        assert make_tags({"albumartist": said}, at(b"a.mp3")).album_artist == "Ann"
    assert make_tags({"albumartist": ["x" * 10_000]}, at(b"a.mp3")).album_artist == "x" * MAX_LENGTH


@pytest.mark.parametrize(
    ("said", "disc"),
    [("1/2", 1), ("02", 2), ("Disc 3", 3), ("0", None), ("0/0", None), ("\0", None), ("9" * 400, 999_999)],
)
def test_disc_is_a_number_or_not_stated(said: str, disc: int | None) -> None:
    assert make_tags({"discnumber": [said]}, at(b"a.mp3")).disc_number == disc


def test_number_in_the_tags_takes_no_disc_from_the_name() -> None:
    tags = make_tags({"tracknumber": ["5"]}, at(b"3-2-1 Go.mp3"))
    assert (tags.track_number, tags.disc_number) == (5, None)


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_id3_in_wav_and_aiff_is_read(tmp_path: Path, suffix: str) -> None:
    location = write_audio(tmp_path / f"a{suffix}", Y)
    tagged = mutagen.File(location.decode())
    tagged.add_tags()
    tagged.tags.add(mutagen.id3.TIT2(encoding=3, text="Ivory"))
    tagged.tags.add(mutagen.id3.TPE1(encoding=3, text="Savino"))
    tagged.save()
    tags = read_tags(at(b"a.wav"), location)
    assert (tags.title, tags.artist) == ("Ivory", "Savino")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"a_quiet_tune.mp3", Tags("a quiet tune")),
        (b"Album/07 - Tune.mp3", Tags("Tune", album="Album", track_number=7)),
        (b"Ben/Live/2-03. Tune.flac", Tags("Tune", "Ben", "Live", track_number=3, disc_number=2)),
        (b"Album/1999.ogg", Tags("1999", album="Album")),
        (b"Album/99 Luftballons.ogg", Tags("Luftballons", album="Album", track_number=99)),
        (b"caf\xe9.mp3", Tags("caf\N{REPLACEMENT CHARACTER}")),
        (b"___.mp3", Tags("___.mp3")),
        (b"no suffix", Tags("no suffix")),
    ],
)
def test_untagged_file_is_called_what_its_path_says(path: bytes, expected: Tags) -> None:
    assert make_tags({}, at(path)) == expected


def test_tagged_album_takes_no_artist_from_a_folder() -> None:
    assert make_tags({"album": ["Von"]}, at(b"Downloads/New/a.mp3")).artist == ""


@pytest.mark.parametrize(
    ("value", "tamed"),
    [
        ("A\0B", "AB"),
        ("line\r\nbreak", "line break"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "gpj.exe"),
        ("zero\N{ZERO WIDTH SPACE}width", "zerowidth"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"bytes \xff", "bytes \N{REPLACEMENT CHARACTER}"),
        ("x" * 1_000_000, "x" * MAX_LENGTH),
    ],
)
def test_value_is_tamed(value: object, tamed: str) -> None:
    assert tame_text(value) == tamed


@given(st.one_of(st.text(), st.binary(), st.integers(), st.none()))
def test_any_value_becomes_one_line_that_utf8_can_hold(value: object) -> None:
    text = tame_text(value)
    assert len(text) <= MAX_LENGTH
    assert text == " ".join(text.split())
    text.encode()


NAMES = ("title", "artist", "album", "genre", "date", "tracknumber", "trkn", "albumartist", "Disc", "compilation")
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=20), st.binary(max_size=20), st.integers(), st.none(), st.lists(st.text(max_size=20), max_size=3)
)


@given(
    st.dictionaries(st.sampled_from(NAMES), JUNK),
    st.binary(min_size=1, max_size=40).map(lambda name: name.replace(b"\0", b"")),
)
def test_any_tags_and_name_give_a_title(raw: dict[str, Any], name: bytes) -> None:
    tags = make_tags(raw, at(name))
    assert tags.title
    assert tags.year is None or 1000 <= tags.year < 2200
    assert tags.disc_number is None or 0 < tags.disc_number < 1_000_000
    assert len(tags.album_artist) <= MAX_LENGTH


def test_broken_tags_are_no_tags(tmp_path: Path) -> None:
    location = write_audio(tmp_path / "a.mp3", Y)
    content = (tmp_path / "a.mp3").read_bytes()
    for header in (b"ID3\x04\x00\xff\x7f\x7f\x7f\x7f", b"ID3\x03\x00\x00\x00\x00\x10\x00TIT2\xff\xff\xff\xff", b"fLaC"):
        (tmp_path / "a.mp3").write_bytes(header + content)
        assert read_tags(at(b"A tune.mp3"), location).title == "A tune"


def test_file_that_can_not_be_opened_is_named_by_its_path(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    for name in ("pipe.mp3", "absent.mp3"):
        assert read_tags(at(b"A tune.mp3"), os.fsencode(tmp_path / name)).title == "A tune"
