"""The part of a file that has come so far, and which version of the file it is of."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import httpx

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of the whole file: its mark and its size in bytes, 0 where it does not say."""

    mark: str = ""
    total_bytes: int = 0

    @classmethod
    def of(cls, answer: httpx.Response) -> Version:
        """The version that an answer is of, be it whole or a range."""
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        total = found[2] if found else answer.headers.get("Content-Length", "")
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified", "")
        return cls(mark, int(total) if total.isdigit() else 0)


class Part:
    """A growing file; a context manager that closes it.

    Attributes
    ----------
    path : Path
        Where it grows.
    size_bytes : int
        How much of it is here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")
        self._file = path.open("ab", buffering=0)
        self.size_bytes = self._file.tell()
        self.version: Version | None = self._read_version()
        if self.version is None:
            self.discard()

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def total_bytes(self) -> int:
        """Size of the whole file; 0 where it is not known."""
        return self.version.total_bytes if self.version else 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return 0 < self.total_bytes == self.size_bytes

    def request_headers(self) -> dict[str, str]:
        """Headers that ask for the rest, and for all of it where the file is another by now."""
        if not self.size_bytes:
            return {}
        headers = {"Range": f"bytes={self.size_bytes}-"}
        # A weak ETag does not vouch for bytes, and servers must not answer a range by it.
        if self.version and self.version.mark and not self.version.mark.startswith("W/"):
            headers["If-Range"] = self.version.mark
        return headers

    @staticmethod
    def offset_of(answer: httpx.Response) -> int:
        """Where the range of an answer begins; -1 where it does not say."""
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        return int(found[1]) if found else -1

    def begin(self, version: Version) -> None:
        """Begin anew, with what is to come of this version."""
        self.discard()
        # In place before its first byte is: a part without a note is nobody's.
        self._note.write_text(json.dumps(asdict(version)), "utf-8")
        self.version = version

    def write(self, block: bytes) -> None:
        """Add to the end; in the file when this returns, so that a kill loses nothing of it."""
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]
        self.size_bytes += len(block)

    def end(self) -> None:
        """Take what has come for all there is, where the server did not say how much that is."""
        if self.version and not self.version.total_bytes:
            self.version = Version(self.version.mark, self.size_bytes)

    def discard(self) -> None:
        """Forget what has come."""
        self._file.truncate(0)
        self.size_bytes, self.version = 0, None
        with contextlib.suppress(FileNotFoundError):
            self._note.unlink()

    def become(self, target: Path) -> None:
        """Give the whole file its name, durably."""
        os.fsync(self._file.fileno())
        self.path.replace(target)
        with contextlib.suppress(FileNotFoundError):
            self._note.unlink()

    def _read_version(self) -> Version | None:
        try:
            return Version(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
