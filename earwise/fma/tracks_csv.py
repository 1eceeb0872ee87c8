"""Tags of FMA's tracks, read from ``tracks.csv`` row by row.

The table is one that pandas wrote with two-level columns: three header rows (group, column, and the index's name), then
a row for each track, with the track's id first. Files are named by the id: track 2 is ``000/000002.mp3``.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from earwise.errors import BadDownloadError
from earwise.library.tags import tame_text
from earwise.log import fields
from earwise.tags import Tags

log = logging.getLogger(__name__)

# Biographies stand in the table, and are longer than the csv module's limit.
_LONGEST_FIELD = 16 * 1024 * 1024
_COLUMNS = {
    "title": ("track", "title"),
    "artist": ("artist", "name"),
    "album": ("album", "title"),
    "genre": ("track", "genre_top"),
    "genres": ("track", "genres"),
    "number": ("track", "number"),
    "released": ("album", "date_released"),
    "recorded": ("track", "date_recorded"),
}
_NEEDED = ("title", "artist", "album", "genre", "genres")
_YEAR = re.compile(r"\s*(1[0-9]{3}|2[01][0-9]{2})\b")


def read_tags_by_folder(metadata: Path) -> dict[bytes, dict[bytes, Tags]]:
    """Folders of a set with the tags of their files by name, from ``fma_metadata.zip``; some 50 MB for all tracks.

    Raises
    ------
    BadDownloadError
        If the archive holds no such tables.
    """
    folders: dict[bytes, dict[bytes, Tags]] = {}
    try:
        with zipfile.ZipFile(metadata) as archive:
            with _open_table(archive, "genres.csv") as table:
                genres = {row["genre_id"]: row["title"] for row in csv.DictReader(table)}
            with _open_table(archive, "tracks.csv") as table:
                for path, tags in read_tracks(table, genres):
                    folder, _, name = path.rpartition(b"/")
                    folders.setdefault(folder, {})[name] = tags
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise BadDownloadError(f"{metadata} holds no tables of tracks and genres: {error}.") from error
    return folders


def read_tracks(table: Iterable[str], genres: Mapping[str, str]) -> Iterator[tuple[bytes, Tags]]:
    """Paths and tags from the lines of ``tracks.csv``.

    Parameters
    ----------
    genres : dict of str to str
        Titles of genres by id.

    Raises
    ------
    KeyError
        If a column is missing.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.reader(table)
    header = list(zip(next(rows, []), next(rows, []), strict=False))
    next(rows, None)
    places = {name: header.index(column) for name, column in _COLUMNS.items() if column in header}
    if missing := [" ".join(_COLUMNS[name]) for name in _NEEDED if name not in places]:
        raise KeyError(f"column {missing[0]!r} is not in tracks.csv")
    unread = 0
    for row in rows:
        if len(row) == len(header) and row[0].isdecimal():
            yield track_path(int(row[0])), _read_row(row, places, genres)
        else:
            unread += 1
    if unread:
        log.warning("rows of tracks.csv passed over: %d", unread, extra=fields(rows=unread))


def track_path(track_id: int) -> bytes:
    """Path of a track in every set.

    >>> track_path(123456)
    b'123/123456.mp3'
    """
    return f"{track_id // 1000:03d}/{track_id:06d}.mp3".encode()


def _read_row(row: Sequence[str], places: Mapping[str, int], genres: Mapping[str, str]) -> Tags:
    def text(name: str) -> str:
        return tame_text(row[places[name]]) if name in places else ""

    year = _YEAR.match(text("released")) or _YEAR.match(text("recorded"))
    number = text("number")
    ids = re.findall(r"\d+", text("genres"))
    return Tags(
        title=text("title"),
        artist=text("artist"),
        album=text("album"),
        genre=text("genre") or next((tame_text(genres[id_]) for id_ in ids if id_ in genres), ""),
        year=int(year[1]) if year else None,
        track_number=int(number) if number.isdecimal() and 0 < int(number) < 1_000_000 else None,
    )


def _open_table(archive: zipfile.ZipFile, name: str) -> io.TextIOWrapper:
    members = [member for member in archive.namelist() if member.rpartition("/")[2] == name]
    if not members:
        raise KeyError(name)
    return io.TextIOWrapper(archive.open(members[0]), encoding="utf-8", newline="")
