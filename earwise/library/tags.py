"""Tags by mutagen, tamed: they are whatever somebody once typed, and may be broken, endless or hostile."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import mutagen

from earwise.log import fields
from earwise.paths import LibraryPath, open_regular
from earwise.tags import Tags

log = logging.getLogger(__name__)

MAX_LENGTH = 500
# Only so much of a value is looked at: taming costs time for every character.
_MAX_READ = 10_000
_NUMBER = re.compile(r"\d{1,6}")
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|2[01][0-9]{2})(?!\d)")
# "07 - ", "07. ", "07_", "1-07 ": the number on the album that many file names begin with.
_LEADING_NUMBER = re.compile(r"^(?:\d{1,2}-)?(\d{1,3})(?:\s*[-_.)]+\s*|\s+)(?=\S)")
_KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title", "TIT2", "\xa9nam", "Title"),
    "artist": ("artist", "TPE1", "\xa9ART", "Author", "albumartist", "TPE2", "aART"),
    "album": ("album", "TALB", "\xa9alb", "WM/AlbumTitle"),
    "genre": ("genre", "TCON", "\xa9gen", "WM/Genre"),
    "year": ("date", "year", "TDRC", "TYER", "\xa9day", "WM/Year"),
    "track_number": ("tracknumber", "TRCK", "trkn", "WM/TrackNumber", "track"),
}


def read_tags(file: LibraryPath, location: bytes) -> Tags:
    """Tags of a file, with what its path says where it says nothing itself. Never raises for the tags' sake.

    Parameters
    ----------
    file : LibraryPath
        The file as the library knows it.
    location : bytes
        Where it lies in the file system.
    """
    return make_tags(_read_raw(location), file)


def make_tags(raw: Mapping[str, Any], file: LibraryPath) -> Tags:
    """Tags from mutagen's keys and values.

    >>> make_tags({}, LibraryPath("music", b"Ben/Live/07 - some_day.mp3"))
    Tags(title='some day', artist='Ben', album='Live', genre='', year=None, track_number=7)
    """
    title, number = _title_from_name(file)
    folders = [tame_text(folder) for folder in file.display.split("/")[:-1]]
    tagged_artist, tagged_album = _first_text(raw, "artist"), _first_text(raw, "album")
    # Artist/Album/track is how players lay out their folders; a lone folder is an album, whoever played it.
    artist = tagged_artist or (folders[-2] if len(folders) >= 2 and not tagged_album else "")
    return Tags(
        title=_first_text(raw, "title") or title,
        artist=artist,
        album=tagged_album or (folders[-1] if folders else ""),
        genre=_first_text(raw, "genre"),
        year=_first_number(_YEAR, raw, "year"),
        track_number=_first_number(_NUMBER, raw, "track_number") or number,
    )


def tame_text(value: object) -> str:
    """A value as one line of at most 500 characters, without control and formatting characters.

    >>> tame_text("A\\x00 tune\\r\\n\\u202ewith  tricks ")
    'A tune with tricks'
    """
    text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
    kept = (letter if not _is_control(letter) else _spaced(letter) for letter in text[:_MAX_READ])
    return " ".join("".join(kept).split())[:MAX_LENGTH].rstrip()


def _is_control(letter: str) -> bool:
    # Cc control, Cf format (right-to-left overrides, zero-width), Cs surrogates that no BSON string takes.
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _spaced(letter: str) -> str:
    return " " if letter.isspace() else ""


def _read_raw(location: bytes) -> dict[str, Any]:
    try:
        with open_regular(location) as file:
            # mutagen parses hostile bytes and may raise anything; a file without tags is still a track.
            found = mutagen.File(file, easy=True)
            return {key: found[key] for key in list(found.keys())[:200]} if found is not None else {}
    except Exception as error:  # noqa: BLE001
        log.info("tags not readable", extra=fields(path=location.decode("utf-8", "replace"), reason=repr(error)[:200]))
        return {}


def _first_text(raw: Mapping[str, Any], name: str) -> str:
    for key in _KEYS[name]:
        value = raw.get(key)
        values = value if isinstance(value, list) else [value]
        if text := tame_text(values[0] if values and values[0] is not None else ""):
            return text
    return ""


def _first_number(pattern: re.Pattern[str], raw: Mapping[str, Any], name: str) -> int | None:
    found = pattern.search(_first_text(raw, name))
    return int(found.group()) if found else None


def _title_from_name(file: LibraryPath) -> tuple[str, int | None]:
    name = file.display.rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    number = _LEADING_NUMBER.match(stem)
    title = tame_text(stem[number.end() :] if number else stem).replace("_", " ").strip()
    return (title or tame_text(name) or "untitled"), int(number.group(1)) if number else None
