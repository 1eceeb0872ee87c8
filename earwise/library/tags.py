"""Tags by mutagen, tamed: they are whatever somebody once typed, and may be broken, endless or hostile."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mutagen
from mutagen.easymp4 import EasyMP4Tags

from earwise.log import fields
from earwise.paths import LibraryPath, open_regular
from earwise.tags import Tags

log = logging.getLogger(__name__)

MAX_LENGTH = 500
#: Whom an album is by that says of itself only that several artists made it.
VARIOUS_ARTISTS = "Various artists"
# Only so much of a value is looked at: taming costs time for every character.
_MAX_READ = 10_000
_NUMBER = re.compile(r"\d{1,6}")
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|2[01][0-9]{2})(?!\d)")
# "07 - ", "07. ", "07_", "1-07 ": the number on the album that many file names begin with, and perhaps the disc before.
_LEADING_NUMBER = re.compile(r"^(?:(\d{1,2})-)?(\d{1,3})(?:\s*[-_.)]+\s*|\s+)(?=\S)")
_ALBUM_ARTIST = ("albumartist", "album artist", "album_artist", "tpe2", "aart", "wm/albumartist")
# In small letters: Vorbis comments and APEv2 take a key in any.
_KEYS: dict[str, tuple[str, ...]] = {
    "title": ("title", "tit2", "\xa9nam"),
    "artist": ("artist", "tpe1", "\xa9art", "author", *_ALBUM_ARTIST),
    "album": ("album", "talb", "\xa9alb", "wm/albumtitle"),
    "album_artist": _ALBUM_ARTIST,
    "genre": ("genre", "tcon", "\xa9gen", "wm/genre"),
    "year": ("date", "year", "tdrc", "tyer", "\xa9day", "wm/year"),
    "track_number": ("tracknumber", "trck", "trkn", "wm/tracknumber", "track"),
    "disc_number": ("discnumber", "tpos", "disk", "disc", "wm/partofset"),
    "compilation": ("compilation", "tcmp", "cpil", "wm/iscompilation"),
}
_TRUE = ("1", "true", "yes")


def _read_compilation(atoms: Mapping[str, Any], _: str) -> list[str]:
    return [str(int(bool(atoms["cpil"])))]


# The one of these that mutagen leaves out where it gives the tags of all kinds of files the same names.
EasyMP4Tags.RegisterKey("compilation", _read_compilation)  # type: ignore[no-untyped-call]


def read_tags(file: LibraryPath, location: bytes) -> Tags:
    """Tags of a file, with what its path says where it says nothing itself. Never raises for the tags' sake.

    Parameters
    ----------
    file : LibraryPath
        The file as the library knows it.
    location : bytes
        Where it lies in the file system.
    """
    return read_stated_tags(file, location) or make_tags({}, file)


def read_stated_tags(file: LibraryPath, location: bytes) -> Tags | None:
    """The same of a file that states any tags itself; None of one that does not, or could not be read."""
    raw = _read_raw(location)
    return make_tags(raw, file) if raw else None


def make_tags(raw: Mapping[str, Any], file: LibraryPath) -> Tags:
    """Tags from mutagen's keys and values.

    >>> tags = make_tags({"discnumber": ["2/2"]}, LibraryPath("music", b"Ben/Live/07 - some_day.mp3"))
    >>> tags.title, tags.artist, tags.album, tags.track_number, tags.disc_number
    ('some day', 'Ben', 'Live', 7, 2)
    """
    raw = {key.lower(): value for key, value in raw.items()}
    name = _read_name(file)
    folders = [tame_text(folder) for folder in file.display.split("/")[:-1]]
    tagged_artist, tagged_album = _first_text(raw, "artist"), _first_text(raw, "album")
    # Artist/Album/track is how players lay out their folders; a lone folder is an album, whoever played it.
    artist = tagged_artist or (folders[-2] if len(folders) >= 2 and not tagged_album else "")
    number, disc = _first_number(_NUMBER, raw, "track_number"), _first_number(_NUMBER, raw, "disc_number")
    return Tags(
        title=_first_text(raw, "title") or name.title,
        artist=artist,
        album=tagged_album or (folders[-1] if folders else ""),
        genre=_first_text(raw, "genre"),
        year=_first_number(_YEAR, raw, "year"),
        track_number=number or name.track_number,
        album_artist=_first_text(raw, "album_artist") or (VARIOUS_ARTISTS if _is_compilation(raw) else ""),
        disc_number=disc or (None if number else name.disc_number),
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


def _is_compilation(raw: Mapping[str, Any]) -> bool:
    return _first_text(raw, "compilation").lower() in _TRUE


@dataclass(frozen=True, slots=True)
class _Name:
    """What a file's name says."""

    title: str
    track_number: int | None = None
    disc_number: int | None = None


def _read_name(file: LibraryPath) -> _Name:
    name = file.display.rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    found = _LEADING_NUMBER.match(stem)
    title = tame_text(stem[found.end() :] if found else stem).replace("_", " ").strip() or tame_text(name) or "untitled"
    disc, number = found.groups() if found else (None, None)
    return _Name(title, int(number) if number else None, int(disc or 0) or None)
