"""The table of tracks is read as it is, with three header rows, long texts and gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwise.errors import BadDownloadError
from earwise.fma.tracks_csv import read_tags_by_folder, read_tracks
from earwise.tags import Tags
from tests.fma.conftest import ROWS, pack, pack_metadata, tracks_csv


def read(text: str) -> dict[bytes, Tags]:
    return dict(read_tracks(text.splitlines(keepends=True), {"4": "Jazz", "21": "Hip-Hop"}))


def test_rows_become_tags_by_path() -> None:
    found = read(tracks_csv(ROWS))
    assert found[b"000/000002.mp3"] == Tags("Food", "AWOL", "AWOL - A Way Of Life", "Hip-Hop", 2009, 3)
    assert list(found) == [b"000/000002.mp3", b"000/000005.mp3", b"001/001003.mp3", b"099/099134.mp3"]


def test_genre_and_year_come_from_elsewhere_where_the_first_column_is_empty() -> None:
    tags = read(tracks_csv(ROWS))[b"000/000005.mp3"]
    assert (tags.genre, tags.year) == ("Jazz", 2008)


def test_what_the_table_does_not_say_stays_open() -> None:
    assert read(tracks_csv(ROWS))[b"001/001003.mp3"] == Tags("", 'Éric & "Friends"', "", "Rock", None, None)


def test_columns_are_found_by_name_and_others_are_passed_over() -> None:
    lines = tracks_csv(ROWS).splitlines(keepends=True)
    assert dict(read_tracks(["x" + lines[0], "y" + lines[1], *lines[2:]], {})).keys() == read("".join(lines)).keys()


def test_broken_rows_are_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        assert len(read(tracks_csv(ROWS) + "no number,1\n7,too short\n")) == 4
    assert "passed over: 2" in caplog.text


@pytest.mark.parametrize("text", ["", "a,b\n", "\n\n\n"])
def test_table_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(KeyError, match="track title"):
        read(text)


def test_folders_come_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "fma_metadata.zip").write_bytes(pack_metadata(ROWS))
    found = read_tags_by_folder(tmp_path / "fma_metadata.zip")
    assert {folder: list(files) for folder, files in found.items()} == {
        b"000": [b"000002.mp3", b"000005.mp3"],
        b"001": [b"001003.mp3"],
        b"099": [b"099134.mp3"],
    }


@pytest.mark.parametrize(
    "content", [b"no archive", pack({"README.txt": b""}), pack({"genres.csv": b"", "tracks.csv": b""})]
)
def test_archive_without_tables_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fma_metadata.zip").write_bytes(content)
    with pytest.raises(BadDownloadError, match="no tables of tracks and genres"):
        read_tags_by_folder(tmp_path / "fma_metadata.zip")
