"""Tells a file that has grown since it was read, as one does that was still being copied then."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from io import FileIO

from earwise.library.identity import identify_opened
from earwise.paths import open_regular

_BLOCK_BYTES = 1 << 20
# The beginning is copied to where temporary files go, which may be memory.
_MOST_BYTES = 512 << 20


def has_grown(location: bytes, audio_id: str, size_bytes: int) -> bool:
    """Whether a file begins with another, whole and to the byte, that held this recording.

    It need not have been an MP3 that was cut off between two frames: the beginning is identified as that file was.

    Parameters
    ----------
    size_bytes : int
        The bytes of the other file; above 512 MiB it is not looked for.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    """
    if size_bytes > _MOST_BYTES:
        return False
    with open_regular(location) as file, suppress(OSError), tempfile.TemporaryFile(buffering=0) as beginning:
        return _copy(file, beginning, size_bytes) and identify_opened(beginning).audio_id == audio_id
    return False  # for want of room: then nothing follows to this file


def _copy(source: FileIO, target: FileIO, size_bytes: int) -> bool:
    """Copy so many bytes; whether there were so many."""
    while size_bytes and (block := source.read(min(_BLOCK_BYTES, size_bytes))):
        target.write(block)
        size_bytes -= len(block)
    return not size_bytes
