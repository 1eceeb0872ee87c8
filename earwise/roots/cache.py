"""A bounded folder of local copies, shared by all processes of a machine.

A copy is written under another name and renamed when it is whole, so nobody sees a part of one. Whoever uses a copy
holds a shared lock on it, and room is made only of copies that nobody uses; locks end with their process. Where that is
not enough, whoever needs room waits for it. A part takes its whole size from the beginning, so that it is counted.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from earwise.errors import LocalCopyError, UnreadableFileError
from earwise.root import Copies

# A sweep reads the whole folder: it makes more room than is asked for, so that the next is far away.
_KEPT_SHARE = 0.9
_PART = ".part"
# A download locks its file at once; one that is older and not locked was left by a process that was killed.
_PART_GRACE_S = 60.0
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


@contextmanager
def cached_copy(copies: Copies, key: str, size_bytes: int, fetch: Callable[[BinaryIO], None]) -> Iterator[bytes]:
    """The copy of this key, brought if it is not there; it stays while the context lasts.

    Parameters
    ----------
    key : str
        Name of the content: other content has another key. Letters and digits, at least three.
    size_bytes : int
        What the copy will take.
    fetch : callable
        Writes the content.

    Yields
    ------
    bytes
        Path of the copy.

    Raises
    ------
    UnreadableFileError
        If the content has another size than was said, or is larger than all copies may be.
    LocalCopyError
        If the disk has no room or refuses; or if copies in use took all the room for as long as may be waited for
        some.
    """
    location = copies.folder / key[:2] / key
    with told_as_the_folders(copies):
        held = _hold(location)
        if held is None:
            held = _bring(copies, location, size_bytes, fetch)
    try:
        yield os.fsencode(location)
    finally:
        os.close(held)


@contextmanager
def hold_copy(copies: Copies, key: str) -> Iterator[bytes | None]:
    """The copy of this key while the context lasts; None if there is none."""
    location = copies.folder / key[:2] / key
    held = _hold(location)
    try:
        yield None if held is None else os.fsencode(location)
    finally:
        if held is not None:
            os.close(held)


@contextmanager
def told_as_the_folders(copies: Copies) -> Iterator[None]:
    """Tell what the operating system refuses meanwhile as a fault of the folder of copies, not of a library's file.

    Raises
    ------
    LocalCopyError
        In place of each OSError.
    """
    try:
        yield
    except OSError as error:
        message = f"No local copy could be written to {copies.folder}: {os.strerror(error.errno or 0)}."
        raise LocalCopyError(message) from error


def check_room(copies: Copies, size_bytes: int) -> None:
    """Raise unless a copy of this size may be written, if need be in the place of others.

    Raises
    ------
    UnreadableFileError
        If it is larger than all copies together may be.
    LocalCopyError
        If it is larger than the disk's room.
    """
    if size_bytes > copies.size_bytes:
        message = (
            f"It takes {size_bytes / 1e9:,.2f} GB, and local copies may take {copies.size_bytes / 1e9:,.2f} GB in all: "
            "EARWISE_COPIES_GB says so."
        )
        # Not the code of files that are tried again as soon as they can be.
        raise UnreadableFileError(message, code="too_large")
    missing = size_bytes - _free_bytes(copies.folder)
    if missing > 0 and missing > _sweep(copies.folder, math.inf):
        raise LocalCopyError(f"No local copy could be written to {copies.folder}: the disk has no room for it.")


def _hold(location: Path) -> int | None:
    try:
        descriptor = os.open(location, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        is_there = os.fstat(descriptor).st_nlink > 0  # not removed between opening and locking
    except BaseException:
        os.close(descriptor)
        raise
    if not is_there:
        os.close(descriptor)
        return None
    # The copies used last are removed last; from a disk that has become read-only nothing is.
    with contextlib.suppress(OSError):
        os.utime(descriptor)
    return descriptor


def _bring(copies: Copies, location: Path, size_bytes: int, fetch: Callable[[BinaryIO], None]) -> int:
    location.parent.mkdir(parents=True, exist_ok=True)
    check_room(copies, size_bytes)
    descriptor, part = _reserve(copies, location, size_bytes)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            fetch(file)
            written = file.tell()
        if written != size_bytes:
            message = f"Only {written:,} of {size_bytes:,} bytes could be fetched."
            raise UnreadableFileError(message, code="read_error")
        held = _publish(copies, part, location)
    except BaseException:
        _drop(descriptor, part)
        raise
    if held is None:
        return descriptor
    _drop(descriptor, part)
    return held


def _publish(copies: Copies, part: str, location: Path) -> int | None:
    """Let a part be the copy, unless another process was first, which may use that one: then hold it.

    Whoever put another one in its place would take the name from a file that is locked, and lock one that is not used.
    """
    with _locked_counter(copies):
        held = _hold(location)
        if held is None:
            os.replace(part, location)
        return held


def _drop(descriptor: int, part: str) -> None:
    os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)


def _reserve(copies: Copies, location: Path, size_bytes: int) -> tuple[int, str]:
    """Begin a part of this size, once there is room for it; its descriptor, locked, and its path."""
    end, pause_s = time.monotonic() + copies.wait_s, _SHORTEST_PAUSE_S
    while (begun := _begin(copies, location, size_bytes)) is None:
        if time.monotonic() >= end:
            raise LocalCopyError(
                f"Copies in use took all the room that EARWISE_COPIES_GB allows for {copies.wait_s:.0f} s."
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return begun


def _begin(copies: Copies, location: Path, size_bytes: int) -> tuple[int, str] | None:
    """Begin a part, if need be in the place of copies that nobody uses; None if there is no room even so."""
    with _locked_counter(copies) as counter:
        counter.seek(0)
        counted = counter.read()
        total = int(counted) if counted.isdigit() else copies.size_bytes + 1
        if total + size_bytes > copies.size_bytes:
            total = _sweep(copies.folder, _KEPT_SHARE * copies.size_bytes - size_bytes, part_grace_s=0.0)
        if (missing := size_bytes - _free_bytes(copies.folder)) > 0:
            total = _sweep(copies.folder, _sweep(copies.folder, math.inf) - missing)
        begun = None
        if total + size_bytes <= copies.size_bytes:
            begun = _begin_part(location, size_bytes)
            total += size_bytes
        counter.truncate(0)
        counter.write(str(total))
    return begun


@contextmanager
def _locked_counter(copies: Copies) -> Iterator[TextIO]:
    """The file that says how many bytes all copies take, while nobody else begins or publishes one."""
    with (copies.folder / "size").open("a+") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        yield counter


def _begin_part(location: Path, size_bytes: int) -> tuple[int, str]:
    descriptor, part = tempfile.mkstemp(suffix=_PART, dir=location.parent)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.truncate(descriptor, size_bytes)
    return descriptor, part


def _sweep(folder: Path, kept_bytes: float, *, part_grace_s: float = _PART_GRACE_S) -> int:
    """Remove copies, those not used for longest first, until no more than so many bytes are left; how many are.

    Parts that nobody is at go too, without grace only while the counter is locked, where nobody begins one.
    """
    found = [(status.st_mtime_ns, status.st_size, path) for path, status in _copies(folder)]
    total = sum(size for _, size, _ in found)
    oldest_part_ns = time.time_ns() - round(part_grace_s * 1e9)
    for used_ns, size, path in sorted(found):
        is_part = path.suffix == _PART
        is_wanted = used_ns > oldest_part_ns if is_part else total <= kept_bytes
        if not is_wanted and _remove_unless_held(path):
            total -= size
    return total


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _copies(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.glob("??/*"):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat()


def _remove_unless_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
