"""Opens a file of the library as browsers play it.

Most are sent as they are. What may need converting is judged once, by a process of its own, and the verdict or the
whole converted file stays in the bounded folder of local copies, for as long as it holds.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from io import BufferedReader
from typing import BinaryIO

from earwise.errors import UnreadableFileError, UnsupportedFormatError
from earwise.paths import LibraryPath
from earwise.playback.turns import take_turn
from earwise.playback.verdicts import CONVERTED, REFUSED, Holds, judge
from earwise.root import Copies, Root
from earwise.roots.cache import cached_copy, hold_copy, told_as_the_folders
from earwise.roots.opening import OpenFile, local_copy, open_file

_TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "wave": "audio/wav",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "aac": "audio/aac",
    "wma": "audio/x-ms-wma",
}
# Played by every browser, but for oddities too rare to look into each file for.
_SENT_AS_THEY_ARE = frozenset({"mp3", "flac", "ogg", "oga", "opus"})
# Raised when the conversion changes, or what is kept of it, so that what was converted before is converted again.
_CONVERSION = 2
# Conversions at a time on this machine, and how long a request waits for its turn.
_SLOTS = 2
_PATIENCE_S = 20.0
_BUSY = "Other tracks are being converted for browsers. Try again in a moment."
# What may pass is asked for again that long after at the latest.
_A_WHILE_S = 600.0
_FLAC = b"fLaC"


@dataclass(frozen=True, slots=True)
class Playable:
    """An open file with the type that browsers are told."""

    opened: OpenFile
    mimetype: str


def may_be_converted(file: LibraryPath) -> bool:
    """Whether the file may have to be converted for browsers, which takes a while the first time."""
    return file.display.rpartition(".")[2].lower() not in _SENT_AS_THEY_ARE


def open_playable(file: LibraryPath, roots: tuple[Root, ...], copies: Copies, *, limit_s: float) -> Playable:
    """Open a file, or its conversion.

    Parameters
    ----------
    limit_s : float
        How long a conversion may take.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    UnsupportedFormatError
        If no browser plays it and it can't be converted, with the reason.
    LocalCopyError
        If the folder of copies can't be read or written, or has no room just now.
    BusyError
        If too many are being converted, or the conversion was killed.
    """
    extension = file.display.rpartition(".")[2].lower()
    opened = open_file(file, roots)
    mimetype = _TYPES.get(extension, "application/octet-stream")
    if extension in _SENT_AS_THEY_ARE:
        return Playable(opened, mimetype)
    names = _Names(f"{_CONVERSION} {file.key} {opened.size_bytes} {opened.version}", copies.size_bytes, limit_s)
    try:
        # Of the library's file the operating system has refused nothing: it is open.
        with told_as_the_folders(copies):
            return _play(opened, mimetype, _find(copies, names) or _convert(file, roots, copies, names), names)
    except BaseException:
        opened.reader.close()
        raise


def _play(opened: OpenFile, mimetype: str, found: BufferedReader, names: _Names) -> Playable:
    if found.peek(len(_FLAC)).startswith(_FLAC):
        opened.reader.close()
        version = names.of(Holds.FOR_THE_FILE)[:24]
        # An open file outlives its name: the copy may be removed while it is sent.
        size_bytes = os.fstat(found.fileno()).st_size
        return Playable(replace(opened, reader=found, size_bytes=size_bytes, version=version), "audio/flac")
    with found:
        verdict = found.read().decode()
    if verdict.startswith(REFUSED):
        raise UnsupportedFormatError(verdict.removeprefix(REFUSED))
    return Playable(opened, mimetype)


@dataclass(frozen=True, slots=True)
class _Names:
    """Names, among the copies, of what was found of a file: another one once it holds no more."""

    identity: str
    room_bytes: int
    limit_s: float

    def of(self, holds: Holds) -> str:
        also = {
            Holds.FOR_THE_FILE: "",
            Holds.FOR_THE_ROOM: f" {self.room_bytes}",
            Holds.FOR_A_WHILE: f" {self.limit_s} s {time.time() // _A_WHILE_S:.0f}",
        }
        return hashlib.sha256(f"{self.identity}{also[holds]}".encode()).hexdigest()


def _find(copies: Copies, names: _Names) -> BufferedReader | None:
    for holds in Holds:
        with hold_copy(copies, names.of(holds)) as location:
            if location:
                return open(location, "rb")  # noqa: PTH123 - a path of bytes; the caller closes
    return None


def _convert(file: LibraryPath, roots: tuple[Root, ...], copies: Copies, names: _Names) -> BufferedReader:
    with take_turn(copies, names.of(Holds.FOR_THE_FILE), places=_SLOTS, patience_s=_PATIENCE_S, busy=_BUSY):
        # The one before may have converted just this.
        found = _find(copies, names)
        if found:
            return found
        with tempfile.TemporaryFile(dir=copies.folder) as target:
            with local_copy(file, roots) as location:
                verdict = judge(location, target, room_bytes=names.room_bytes, limit_s=names.limit_s)
            # What it was made of is let go first: there may not be room for both.
            if verdict.text == CONVERTED:
                return _keep(copies, names.of(Holds.FOR_THE_FILE), target)
        content = io.BytesIO(verdict.text.encode())
        try:
            return _keep(copies, names.of(verdict.holds), content)
        except UnreadableFileError:  # there is no room to keep it
            content.seek(0)
            return BufferedReader(content)


def _keep(copies: Copies, key: str, target: BinaryIO) -> BufferedReader:
    size_bytes = target.seek(0, os.SEEK_END)
    target.seek(0)
    with cached_copy(copies, key, size_bytes, lambda file: shutil.copyfileobj(target, file)) as location:
        return open(location, "rb")  # noqa: PTH123 - a path of bytes; the caller closes
