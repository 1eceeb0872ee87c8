"""Files of a root that is listed rather than walked, put together folder by folder."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from earwise.errors import LibraryError
from earwise.listing import clamp


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file by its path below the root, with size and time.

    Attributes
    ----------
    mtime_ns : int
        Time of the last change. Archives and buckets know whole seconds; the fraction is made of a digest of the
        content where one is listed, so that other content of the same size and second is seen as changed.
    """

    path: bytes
    size_bytes: int
    mtime_ns: int


def listed_mtime_ns(seconds: float, digest: int) -> int:
    """Whole seconds as nanoseconds, with a digest of the content in place of the fraction.

    >>> listed_mtime_ns(5, 3_000_000_007)
    5000000007
    """
    return int(seconds) * 1_000_000_000 + digest % 1_000_000_000


def group_by_folder(
    files: Iterable[ListedFile], is_wanted: Callable[[bytes], bool]
) -> Iterator[tuple[bytes, dict[bytes, ListedFile]]]:
    """Folders in order of their path's bytes, each with its wanted files by name.

    A listing is in order of whole paths, which tears folders apart. It is sorted in a temporary database of SQLite,
    which spills to disk: memory stays flat for a million files.

    Raises
    ------
    LibraryError
        If that database can't be written, as on a full disk.
    """
    # An empty name is a database of its own in a temporary file, removed when it is closed.
    database = sqlite3.connect("", isolation_level=None)
    try:
        database.execute("BEGIN")
        database.execute("CREATE TABLE listed (folder BLOB, name BLOB, size INTEGER, mtime INTEGER)")
        database.executemany("INSERT INTO listed VALUES (?, ?, ?, ?)", _rows(files, is_wanted))
        found = database.execute("SELECT folder, name, size, mtime FROM listed ORDER BY folder, name")
        for folder, rows in groupby(found, key=lambda row: bytes(row[0])):
            path = folder + b"/" if folder else b""
            yield folder, {name: ListedFile(path + name, size, mtime) for _, name, size, mtime in rows}
    except sqlite3.OperationalError as error:
        # SQLite has an order of its own: TMPDIR, /var/tmp, /usr/tmp, /tmp.
        place = os.environ.get("TMPDIR") or "/var/tmp or /tmp"  # noqa: S108
        raise LibraryError(
            f"The scan can't sort what it lists in {place}: {error}. "
            "Nothing was changed; make room there, or let TMPDIR name another folder."
        ) from error
    finally:
        database.close()


def _rows(files: Iterable[ListedFile], is_wanted: Callable[[bytes], bool]) -> Iterator[tuple[bytes, bytes, int, int]]:
    for file in files:
        if is_wanted(file.path):
            folder, _, name = file.path.rpartition(b"/")
            # A damaged archive may state any size.
            yield folder, name, clamp(file.size_bytes), clamp(file.mtime_ns)
