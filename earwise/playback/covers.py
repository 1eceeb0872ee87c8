"""Covers as pages show them: small, drawn once for all tracks that share a picture, and kept in a bounded folder.

A picture may be hostile, so it is drawn by a program of its own. That it can't be drawn is kept too, as a note: else
every page that shows the track would try again.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from earwise.errors import BusyError, UndrawnError, UnreadableFileError
from earwise.paths import LibraryPath
from earwise.playback.artwork import Picture, find_picture, find_pictures
from earwise.playback.turns import take_turn
from earwise.root import Copies, Root
from earwise.roots.cache import cached_copy, hold_copy

#: Pixels of the longer side: for rows of lists on dense screens, and for what is shown large.
SIZES_PX = (128, 512)
MIMETYPE = "image/webp"
#: Raised when covers are drawn in another way, so that those drawn before are drawn again.
DRAWING = 1

_PROGRAM = str(Path(__file__).with_name("shrink.py"))
_CODECS = {"image/jpeg": "mjpeg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
# Files whose picture a process knows without opening them: 3 MB of memory.
_REMEMBERED = 5_000
# Drawn at a time on this machine; how long a request waits for its turn, and for its picture.
_SLOTS = 2
_PATIENCE_S = 3.0
_LIMIT_S = 5.0
# So many requests of a process wait for it: the other threads go on with pages and audio.
_WAITING = threading.BoundedSemaphore(4)
_BUSY = "Other covers are being drawn."
# A picture that the program did not come to an end with is tried again that long after at the latest.
_A_WHILE_S = 600.0
# What is noted in place of a picture takes the block that it takes on a disk, so that notes are bounded, too.
_NOTE_BYTES = 4096
_FAILED = "failed"
_UNDRAWABLE = b"can't be drawn".ljust(_NOTE_BYTES)


def find_cover(
    file: LibraryPath, roots: tuple[Root, ...], version: str | None, size_px: int, covers: Copies
) -> Picture | None:
    """The picture of a file in one of the sizes of pages; None where there is none, or it can't be drawn.

    Parameters
    ----------
    version : str or None
        Another one once the file or what lies beside it is another: what was seen before is then not opened again.
        None where that is not known.
    size_px : int
        One of `SIZES_PX`.
    covers : Copies
        The folder of what was drawn, and how much room that may take.

    Raises
    ------
    BusyError
        If others are drawn just now.
    UndrawnError
        If drawing it came to no end, and there is no other.
    LocalCopyError
        If the folder can't be made.
    UnreadableFileError, OSError
        If the file can't be opened.
    """
    undrawn: UndrawnError | None = None
    if version:
        with suppress(UndrawnError):
            try:
                content = _find(covers, _digest_of(file, roots, version), size_px)
            except LookupError:
                return None
            if content:
                return _shown(content)
    # One that can't be drawn may stand before one that can.
    for picture in find_pictures(file, roots):
        try:
            if drawn := draw_cover(picture, size_px, covers):
                return drawn
        except UndrawnError as error:
            undrawn = error
    if undrawn:
        raise undrawn
    return None


def draw_cover(picture: Picture, size_px: int, covers: Copies) -> Picture | None:
    """A picture in one of the sizes of pages; None where it can't be drawn; raises as `find_cover` does."""
    digest = _digest(picture)
    content = _find(covers, digest, size_px)
    if content is None:
        content = _draw_once(picture, covers, digest)[size_px]
    return _shown(content)


def _shown(content: bytes) -> Picture | None:
    return Picture(content, MIMETYPE) if content else None


@functools.lru_cache(maxsize=_REMEMBERED)
def _digest_of(file: LibraryPath, roots: tuple[Root, ...], version: str) -> str:
    """The digest of a file's picture; raises LookupError, which is not remembered, where none is found just now."""
    picture = find_picture(file, roots)
    if picture is None:
        raise LookupError(version)
    return _digest(picture)


def _digest(picture: Picture) -> str:
    return hashlib.sha256(picture.content).hexdigest()


def _find(covers: Copies, digest: str, size_px: int) -> bytes | None:
    """What is kept of a picture, empty where it can't be drawn; None where nothing is, or can be read."""
    if _read(covers, _key(digest, _FAILED)) == _this_while():
        raise UndrawnError("This picture could not be drawn a while ago.")
    content = _read(covers, _key(digest, size_px))
    if content == _UNDRAWABLE:
        return b""
    if content is None or _is_whole(content):
        return content
    # A machine that lost its power can leave a file of the right length and nothing in it.
    _forget(covers, _key(digest, size_px))
    return None


def _is_whole(content: bytes) -> bool:
    """Whether this is all of a WebP picture, by the length that it states."""
    return (
        content[:4] == b"RIFF"
        and content[8:12] == b"WEBP"
        and struct.unpack_from("<I", content, 4)[0] + 8 == len(content)
    )


def _read(covers: Copies, key: str) -> bytes | None:
    with suppress(OSError), hold_copy(covers, key) as location:
        return Path(os.fsdecode(location)).read_bytes() if location else None
    return None


def _forget(covers: Copies, key: str) -> None:
    with suppress(OSError), hold_copy(covers, key) as location:
        if location:
            Path(os.fsdecode(location)).unlink()


def _draw_once(picture: Picture, covers: Copies, digest: str) -> dict[int, bytes]:
    """Draw a picture in all sizes, since most of the time goes into starting and decoding, and keep them."""
    with _turn(covers, digest):
        # The one before may have drawn just this: rows of an album ask for it at once.
        kept = {size_px: _find(covers, digest, size_px) for size_px in SIZES_PX}
        if all(content is not None for content in kept.values()):
            return {size_px: content or b"" for size_px, content in kept.items()}
        try:
            drawn = _draw(picture)
        except UndrawnError:
            _forget(covers, _key(digest, _FAILED))
            _keep(covers, _key(digest, _FAILED), _this_while())
            raise
        for size_px, content in drawn.items():
            _keep(covers, _key(digest, size_px), content or _UNDRAWABLE)
    return drawn


def _draw(picture: Picture) -> dict[int, bytes]:
    command = [sys.executable, "-I", _PROGRAM, _CODECS[picture.mimetype], *map(str, SIZES_PX)]
    try:
        done = subprocess.run(command, input=picture.content, capture_output=True, timeout=_LIMIT_S, check=False)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise UndrawnError(f"The picture can't be drawn just now: {error}.") from error
    if done.returncode:
        raise UndrawnError(f"Drawing the picture ended with {done.returncode}.")
    return _split(done.stdout)


def _split(told: bytes) -> dict[int, bytes]:
    """The pictures that the program told one after the other; empty ones where it told none."""
    stream = io.BytesIO(told)
    sizes_bytes = (struct.unpack(">I", stream.read(4))[0] if told else 0 for _ in SIZES_PX)
    return {size_px: stream.read(size_bytes) for size_px, size_bytes in zip(SIZES_PX, sizes_bytes, strict=True)}


def _keep(covers: Copies, key: str, content: bytes) -> None:
    def fetch(file: BinaryIO) -> None:
        file.write(content)

    # Without room for it the page still has its picture, and the next one draws it again.
    with suppress(UnreadableFileError), cached_copy(covers, key, len(content), fetch):
        pass


def _key(digest: str, what: object) -> str:
    return hashlib.sha256(f"{DRAWING} {digest} {what}".encode()).hexdigest()


def _this_while() -> bytes:
    return f"failed {time.time() // _A_WHILE_S:.0f}".encode().ljust(_NOTE_BYTES)


@contextmanager
def _turn(covers: Copies, digest: str) -> Iterator[None]:
    if not _WAITING.acquire(blocking=False):
        raise BusyError(_BUSY)
    try:
        with take_turn(covers, digest, places=_SLOTS, patience_s=_PATIENCE_S, busy=_BUSY):
            yield
    finally:
        _WAITING.release()
