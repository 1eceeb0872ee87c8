"""Opens a file of the library as browsers play it.

Most are sent as they are. What may need converting is judged once, by a process of its own, and the verdict or the
whole converted file stays in the bounded folder of local copies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from earwise.errors import BusyError, UnreadableFileError, UnsupportedFormatError
from earwise.paths import LibraryPath, open_regular
from earwise.root import Copies, Root
from earwise.roots.cache import cached_copy, hold_copy
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
# Raised when the conversion changes, so that what was converted before is converted again.
_CONVERSION = 1
# Conversions at a time on this machine, and how long a request waits for its turn.
_SLOTS = 2
_PATIENCE_S = 20.0
_FLAC = b"fLaC"
_NATIVE, _REFUSED = "native", "refused "


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
        If no browser plays it and it can't be converted or its conversion can't be kept, with the reason.
    BusyError
        If too many are being converted.
    """
    extension = file.display.rpartition(".")[2].lower()
    opened = open_file(file, roots)
    mimetype = _TYPES.get(extension, "application/octet-stream")
    if extension in _SENT_AS_THEY_ARE:
        return Playable(opened, mimetype)
    identity = f"{_CONVERSION} {file.key} {opened.size_bytes} {opened.version}"
    key = hashlib.sha256(identity.encode()).hexdigest()
    try:
        converted = _find(copies, key) or _convert(file, roots, copies, key, limit_s)
    except BaseException:
        opened.reader.close()
        raise
    if converted.peek(len(_FLAC)).startswith(_FLAC):
        opened.reader.close()
        size_bytes = os.fstat(converted.fileno()).st_size
        # An open file outlives its name: the copy may be removed while it is sent.
        return Playable(replace(opened, reader=converted, size_bytes=size_bytes, version=key[:24]), "audio/flac")
    with converted:
        verdict = converted.read().decode()
    if verdict.startswith(_REFUSED):
        opened.reader.close()
        raise UnsupportedFormatError(verdict.removeprefix(_REFUSED))
    return Playable(opened, mimetype)


def _find(copies: Copies, key: str) -> BufferedReader | None:
    with hold_copy(copies, key) as location:
        return open(location, "rb") if location else None  # noqa: PTH123 - a path of bytes; the caller closes


def _convert(file: LibraryPath, roots: tuple[Root, ...], copies: Copies, key: str, limit_s: float) -> BufferedReader:
    copies.folder.mkdir(parents=True, exist_ok=True)
    with _slot(copies.folder, key):
        # The one before may have converted just this.
        found = _find(copies, key)
        if found:
            return found
        with tempfile.TemporaryFile(dir=copies.folder) as target:
            with local_copy(file, roots) as location:
                verdict = _run(location, target, limit_s)
            # What it was made of is let go first: there may not be room for both.
            if verdict == "converted":
                return _keep_conversion(copies, key, target)
            target.seek(0)
            target.truncate()
            target.write(verdict.encode())
            try:
                return _keep(copies, key, target)
            except UnreadableFileError:  # there is no room to keep it
                target.seek(0)
                return os.fdopen(os.dup(target.fileno()), "rb")


def _run(location: bytes, target: BinaryIO, limit_s: float) -> str:
    with open_regular(location) as source:
        descriptors = (source.fileno(), target.fileno())
        command = [sys.executable, "-I", "-m", "earwise.playback.transcode", *map(str, descriptors)]
        try:
            done = subprocess.run(command, pass_fds=descriptors, capture_output=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired:
            return f"{_REFUSED}Converting it takes more than {limit_s:.0f} s."
    verdict = done.stdout.decode("utf-8", "replace").strip()
    return verdict or f"{_REFUSED}Converting it failed."


def _keep_conversion(copies: Copies, key: str, target: BinaryIO) -> BufferedReader:
    try:
        return _keep(copies, key, target)
    except UnreadableFileError as error:
        # Sent without being kept, it would be made anew for every range that a player asks for.
        message = "As FLAC there is no room for it: EARWISE_COPIES_GB is too small, or the disk is full."
        raise UnsupportedFormatError(message) from error


def _keep(copies: Copies, key: str, target: BinaryIO) -> BufferedReader:
    size_bytes = target.seek(0, os.SEEK_END)
    target.seek(0)
    with cached_copy(copies, key, size_bytes, lambda file: shutil.copyfileobj(target, file)) as location:
        return open(location, "rb")  # noqa: PTH123 - a path of bytes; the caller closes


@contextmanager
def _slot(folder: Path, key: str) -> Iterator[None]:
    """Wait for one of the few places; one file always waits for the same, so that it is converted once."""
    deadline = time.monotonic() + _PATIENCE_S
    with (folder / f"slot-{int(key, 16) % _SLOTS}").open("a") as place:
        while True:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError("Other tracks are being converted for browsers. Try again in a moment.") from None
                time.sleep(0.05)
        yield
