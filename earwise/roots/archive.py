"""A zip archive as a root: its members are read from it, and never unpacked all together."""

from __future__ import annotations

import functools
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from earwise.errors import LibraryError, UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Copies, Root
from earwise.roots.cache import cached_copy
from earwise.roots.listing import ListedFile, listed_mtime_ns

_BLOCK_BYTES = 1 << 20
# Unpacked at a time of a member that only its start is wanted of.
_STEP_BYTES = 1 << 16
# What zipfile and the decompressors raise on archives that are damaged, encrypted or packed in a way unknown to them.
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


def list_archive(root: Root) -> Iterator[ListedFile]:
    """Files of an archive, in its own order.

    Raises
    ------
    LibraryError
        If there is no such archive, or it is none.
    """
    try:
        archive = _open_archive(root.folder)
    except _DAMAGES as error:
        raise LibraryError(f"The library's archive {root.address} can't be read: {error}.") from error
    for member in archive.members.infolist():
        if not member.is_dir():
            seconds = _seconds(member.date_time)
            path = member.filename.removeprefix(archive.top).encode("utf-8", "surrogateescape")
            yield ListedFile(path, member.file_size, listed_mtime_ns(seconds, member.CRC))


def find_member(root: Root, file: LibraryPath) -> int:
    """How many bytes a member takes, by the archive's directory.

    Raises
    ------
    UnreadableFileError
        If the archive or the member is not there.
    """
    _, member = _find_member(root, file)
    return member.file_size


@contextmanager
def member_copy(root: Root, file: LibraryPath, copies: Copies) -> Iterator[bytes]:
    """Path of a local copy of a member, while the context lasts.

    Raises
    ------
    UnreadableFileError
        If the archive or the member is not there, or is damaged.
    """
    archive, member = _find_member(root, file)
    key = hashlib.sha256(f"{file.key} {member.CRC} {member.file_size}".encode()).hexdigest()

    def fetch(to: BinaryIO) -> None:
        try:
            source = archive.members.open(member)
        except _DAMAGES as error:
            raise _damaged(error) from error
        with source:
            _copy(source, to)

    with cached_copy(copies, key, member.file_size, fetch) as location:
        yield location


def open_member(root: Root, file: LibraryPath, most_bytes: int) -> BinaryIO:
    """Open a member to be read from its start, unpacked only as far as somebody reads.

    Parameters
    ----------
    most_bytes : int
        Where it seems to end, if it is longer.

    Raises
    ------
    UnreadableFileError
        If the archive or the member is not there, or is damaged.
    """
    archive, member = _find_member(root, file)
    try:
        source = archive.members.open(member)
    except _DAMAGES as error:
        raise _damaged(error) from error
    return io.BufferedReader(_MemberReader(source, min(member.file_size, most_bytes)), _STEP_BYTES)


def _find_member(root: Root, file: LibraryPath) -> tuple[_Archive, zipfile.ZipInfo]:
    try:
        archive = _open_archive(root.folder)
        return archive, archive.members.getinfo(archive.top + file.path.decode("utf-8", "surrogateescape"))
    except (KeyError, *_DAMAGES) as error:
        raise UnreadableFileError(f"It is not in the archive {root.address}: {error}.") from error


def _copy(source: IO[bytes], to: BinaryIO) -> None:
    while True:
        try:
            block = source.read(_BLOCK_BYTES)  # the last one raises where the checksum is another
        except _DAMAGES as error:
            raise _damaged(error) from error
        if not block:
            return
        to.write(block)


def _damaged(error: Exception) -> UnreadableFileError:
    # Not the code of files that are tried again as soon as they can be opened.
    return UnreadableFileError(f"The archive is damaged here: {error}.", code="read_error")


class _MemberReader(io.RawIOBase):
    """The first bytes of a member; what was unpacked stays at hand, since going back would unpack it again."""

    def __init__(self, source: IO[bytes], size_bytes: int) -> None:
        self._source, self._size_bytes = source, size_bytes
        self._unpacked = bytearray()
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is unpacked by that."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Unpack as far as is asked for.

        Raises
        ------
        OSError
            If the archive is damaged here.
        """
        end = min(self._position + len(buffer), self._size_bytes)
        try:
            while len(self._unpacked) < end and (block := self._source.read(end - len(self._unpacked))):
                self._unpacked += block
        except _DAMAGES as error:
            raise OSError(f"The archive is damaged here: {error}.") from error
        wanted = self._unpacked[self._position : end]
        buffer[: len(wanted)] = wanted
        self._position += len(wanted)
        return len(wanted)

    def close(self) -> None:
        """Let the archive go."""
        self._source.close()
        super().close()


@dataclass(frozen=True, slots=True)
class _Archive:
    """An open archive, and the folder that holds all of it, with its slash, if there is one."""

    members: zipfile.ZipFile
    top: str


def _open_archive(path: Path) -> _Archive:
    status = path.stat()
    return _read_directory(path, status.st_ino, status.st_size, status.st_mtime_ns)


# Reading the directory of 100,000 members takes a second; it is done once while the file stays the same.
@functools.lru_cache(maxsize=4)
def _read_directory(path: Path, inode: int, size_bytes: int, mtime_ns: int) -> _Archive:
    members = zipfile.ZipFile(path)
    tops = {name.partition("/")[0] + "/" if "/" in name else "" for name in members.namelist()}
    return _Archive(members, tops.pop() if len(tops) == 1 else "")


def _seconds(date_time: tuple[int, int, int, int, int, int]) -> float:
    try:
        return datetime(*date_time, tzinfo=UTC).timestamp()
    except ValueError:  # whatever somebody's program wrote
        return 0.0
