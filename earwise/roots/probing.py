"""Asks the disk, or the bucket, that a file lies on for its first byte."""

from __future__ import annotations

import contextlib
import os
from io import BufferedReader

from earwise.errors import UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots.opening import open_file


def is_readable(file: LibraryPath, roots: tuple[Root, ...]) -> bool:
    """Whether a file can be opened, and its first byte be read."""
    try:
        with open_file(file, roots).reader as reader:
            _forget_cached(reader)
            return bool(reader.read(1))
    except (UnreadableFileError, OSError):
        return False


def _forget_cached(reader: BufferedReader) -> None:
    """Have the next read ask the disk: the system may remember what it read of one that is away by now."""
    with contextlib.suppress(AttributeError, OSError):
        os.posix_fadvise(reader.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
