"""Opens a file of the library, of whatever kind its root is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from typing import BinaryIO

from earwise.errors import LibraryError, UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Copies, Root
from earwise.roots.archive import find_member, list_archive, member_copy, open_member
from earwise.roots.bucket import find_object, list_bucket, object_copy, open_object
from earwise.roots.cache import check_room
from earwise.roots.listing import ListedFile, group_by_folder


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file opened for reading.

    Attributes
    ----------
    version : str
        Another one for other content.
    """

    reader: BufferedReader
    size_bytes: int
    version: str


def list_folders(root: Root, is_wanted: Callable[[bytes], bool]) -> Iterator[tuple[bytes, dict[bytes, ListedFile]]]:
    """Folders of an archive or a bucket in order of their path's bytes, each with its wanted files by name.

    Raises
    ------
    LibraryError
        If the root is absent or can't be listed.
    """
    listed = list_bucket(root) if root.bucket else list_archive(root)
    return group_by_folder(listed, is_wanted)


def check_present(root: Root) -> None:
    """Raise unless a folder holds anything at all, or an archive or a bucket can be listed.

    Raises
    ------
    LibraryError
        If the root is not there: a folder that no disk is mounted on is empty.
    """
    if not root.is_folder:
        check_listable(root)
        return
    try:
        with os.scandir(root.folder) as entries:
            if next(entries, None) is not None:
                return
        reason = "is empty"
    except OSError as error:
        reason = f"can't be read: {os.strerror(error.errno or 0)}"
    raise LibraryError(f"The library's folder {root.address} {reason}. Is its disk mounted?")


def check_listable(root: Root) -> None:
    """Raise unless an archive or a bucket can be listed.

    Raises
    ------
    LibraryError
        If it can't be.
    """
    next(iter(list_bucket(root) if root.bucket else list_archive(root)), None)


def read_directory(file: LibraryPath, roots: tuple[Root, ...]) -> None:
    """Read the directory of the archive that a file lies in, if it does; it is kept for the archive's other files.

    Raises
    ------
    UnreadableFileError
        If there is no such root or file.
    """
    root = _root_of(file, roots)
    if not root.is_folder and not root.bucket:
        find_member(root, file)


@contextmanager
def local_copy(file: LibraryPath, roots: tuple[Root, ...], *, wait_s: float = 0.0) -> Iterator[bytes]:
    """Where a file lies in the file system while the context lasts: itself, or a copy.

    Parameters
    ----------
    wait_s : float
        Seconds to wait for room for a copy, where that is longer than usual.

    Raises
    ------
    UnreadableFileError
        If there is no such root or file, or it can't be fetched.
    """
    root = _root_of(file, roots)
    if root.is_folder:
        yield file.locate(roots)
        return
    copy_file, copies = object_copy if root.bucket else member_copy, _copies_of(root)
    with copy_file(root, file, replace(copies, wait_s=max(wait_s, copies.wait_s))) as location:
        yield location


def open_file(file: LibraryPath, roots: tuple[Root, ...]) -> OpenFile:
    """Open a file to be read in ranges.

    Raises
    ------
    UnreadableFileError
        If there is no such root or file, or it can't be fetched.
    OSError
        If the operating system refuses.
    """
    root = _root_of(file, roots)
    if root.bucket:
        found = find_object(root, file)
        return OpenFile(open_object(found, root.endpoint), found.size_bytes, found.etag.strip('"'))
    # An open file outlives its name, so a copy may be removed while it is read.
    with local_copy(file, roots) as location:
        return _open_regular(location, is_copy=not root.is_folder)


def open_start(file: LibraryPath, roots: tuple[Root, ...], most_bytes: int) -> BinaryIO:
    """Open a file for what it tells of itself, mostly at its start; no copy is made for that.

    Parameters
    ----------
    most_bytes : int
        Where a file of an archive seems to end, if it is longer; others can be read anywhere.

    Raises
    ------
    UnreadableFileError
        If there is no such root or file, or it can't be fetched.
    OSError
        If the operating system refuses.
    """
    root = _root_of(file, roots)
    if root.is_folder or root.bucket:
        return open_file(file, roots).reader
    return open_member(root, file, most_bytes)


def check_readable(file: LibraryPath, roots: tuple[Root, ...]) -> None:
    """Raise unless a file can be opened, or is there and a copy of it would find room; nothing is fetched for that.

    Raises
    ------
    UnreadableFileError
        If there is no such root or file, or no room.
    OSError
        If the operating system refuses.
    """
    root = _root_of(file, roots)
    if root.is_folder:
        open_file(file, roots).reader.close()
        return
    size_bytes = find_object(root, file).size_bytes if root.bucket else find_member(root, file)
    copies = _copies_of(root)
    copies.folder.mkdir(parents=True, exist_ok=True)
    check_room(copies, size_bytes)


def _open_regular(location: bytes, *, is_copy: bool) -> OpenFile:
    # The location has no links; NOFOLLOW and NONBLOCK keep it so if it is swapped for a link or a pipe meanwhile.
    reader = os.fdopen(os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    status = os.fstat(reader.fileno())
    if not stat.S_ISREG(status.st_mode):
        reader.close()
        raise UnreadableFileError("This is not a file.")
    # A copy's time is that of its last use, and its name that of its content.
    version = location.rpartition(b"/")[2].decode()[:24] if is_copy else f"{status.st_mtime_ns:x}"
    return OpenFile(reader, status.st_size, version)


def _root_of(file: LibraryPath, roots: tuple[Root, ...]) -> Root:
    root = next((root for root in roots if root.name == file.root), None)
    if root is None:
        raise UnreadableFileError(f"The library has no root named {file.root!r}.")
    return root


def _copies_of(root: Root) -> Copies:
    if root.copies is None:
        raise LibraryError(f"The root {root.name!r} has no folder for local copies.")
    return root.copies
