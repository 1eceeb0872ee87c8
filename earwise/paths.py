"""Where a file of the library is: a root's name and the relative path as bytes.

File names are bytes to the operating system, and need not be UTF-8; beside them stands a string to show to people.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO

from earwise.errors import UnreadableFileError
from earwise.root import Root


@dataclass(frozen=True, slots=True)
class LibraryPath:
    """A file or folder below a root.

    Attributes
    ----------
    root : str
        Name of the root.
    path : bytes
        Path relative to the root's folder, without a leading slash; empty for the root's folder itself.
    """

    root: str
    path: bytes

    @property
    def display(self) -> str:
        """The path as a string for people: bytes that are not UTF-8 become U+FFFD.

        >>> LibraryPath("music", b"caf\\xe9.mp3").display
        'caf�.mp3'
        """
        return self.path.decode("utf-8", errors="replace")

    @property
    def key(self) -> str:
        """A short text that stands for this path in keys and URLs: 24 hexadecimal digits.

        >>> LibraryPath("music", b"a.mp3").key
        '76bda7132fccded8971e25a7'
        """
        return hashlib.sha256(self.root.encode() + b"\0" + self.path).hexdigest()[:24]

    @property
    def name(self) -> bytes:
        """The last part of the path."""
        return self.path.rpartition(b"/")[2]

    @property
    def parent(self) -> LibraryPath:
        """The folder that holds this file.

        >>> LibraryPath("music", b"live/a.mp3").parent
        LibraryPath(root='music', path=b'live')
        """
        return LibraryPath(self.root, self.path.rpartition(b"/")[0])

    def child(self, name: bytes) -> LibraryPath:
        """Path of an entry of this folder."""
        return LibraryPath(self.root, self.path + b"/" + name if self.path else name)

    def holds(self, other: LibraryPath) -> bool:
        """Whether another path is this one, or lies below it.

        >>> LibraryPath("music", b"live").holds(LibraryPath("music", b"live/a.mp3"))
        True
        """
        return other.root == self.root and (not self.path or is_below(other.path, self.path))

    def locate(self, roots: tuple[Root, ...]) -> bytes:
        """Absolute path of the file in the file system.

        Links are followed, and what they lead to must be below one of the roots.

        Raises
        ------
        UnreadableFileError
            If there is no such root, or the path leads out of the library.
        """
        folder = next((os.fsencode(root.folder) for root in roots if root.name == self.root and root.is_folder), None)
        if folder is None:
            raise UnreadableFileError(f"The library has no root named {self.root!r}.")
        if os.path.isabs(self.path) or b".." in self.path.split(b"/") or b"\0" in self.path:
            raise UnreadableFileError("The path leads out of the library.")
        location = os.path.realpath(os.path.join(folder, self.path))
        if not any(is_below(location, os.path.realpath(os.fsencode(root.folder))) for root in roots if root.is_folder):
            raise UnreadableFileError("The path leads out of the library.")
        return location


def is_below(location: bytes, folder: bytes) -> bool:
    """Whether a path is this folder or lies below it."""
    return location == folder or location.startswith(folder.rstrip(b"/") + b"/")


def at_or_above(path: bytes) -> Iterator[bytes]:
    """The path and all folders above it.

    >>> list(at_or_above(b"a/b"))
    [b'a/b', b'a', b'']
    """
    yield path
    while path:
        path = path.rpartition(b"/")[0]
        yield path


def open_regular(location: bytes) -> FileIO:
    """Open a file for reading, and only if it is a regular one: opening a named pipe would wait for ever.

    Raises
    ------
    UnreadableFileError
        With the operating system's reason as a sentence.
    """
    try:
        descriptor = os.open(location, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFileError(f"The system refuses to open the file: {os.strerror(error.errno or 0)}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableFileError("This is not a regular file.")
    # Not buffered: decoders read in large blocks of their own.
    return FileIO(descriptor)
