"""What a folder listed: names, sizes and times of its files, packed so that two listings compare as two texts."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Stated(Protocol):
    """Whatever has a size and a time."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...


def clamp(number: int) -> int:
    """The nearest number that a listing and the store can hold; file systems have times before 1678 and after 2262.

    >>> clamp(10**19) == 2**63 - 1, clamp(-(10**19)) == -(2**63), clamp(7)
    (True, True, 7)
    """
    return min(max(number, -(2**63)), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's files in the order of their names' bytes.

    Attributes
    ----------
    names : bytes
        Joined by slashes, which no name holds.
    stats : bytes
        Size in bytes and mtime in ns of each, as signed 64-bit integers.
    """

    names: bytes = b""
    stats: bytes = b""

    def __len__(self) -> int:
        return len(self.stats) // 16

    @classmethod
    def of(cls, files: Mapping[bytes, Stated]) -> Listing:
        """Pack files by name.

        >>> len(Listing.of({}))
        0
        """
        names = sorted(files)
        stats = array("q")
        for name in names:
            file = files[name]
            stats.append(file.size_bytes)
            stats.append(file.mtime_ns)
        return cls(b"/".join(names), stats.tobytes())

    @classmethod
    def joined(cls, parts: Iterable[Listing]) -> Listing:
        """Parts of one folder's listing, each of later names than the one before, as one."""
        held = [part for part in parts if part.stats]
        return cls(b"/".join(part.names for part in held), b"".join(part.stats for part in held))

    def unpack(self) -> list[tuple[bytes, int, int]]:
        """Name, size in bytes and mtime in ns of each file.

        >>> Listing(b"a.mp3", bytes(16)).unpack()
        [(b'a.mp3', 0, 0)]
        """
        if not self.stats:
            return []
        stats = array("q", self.stats)
        return list(zip(self.names.split(b"/"), stats[::2], stats[1::2], strict=True))
