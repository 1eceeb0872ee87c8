"""What a scan found to differ, folder by folder, and how that is written so that a kill harms nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from types import TracebackType
from typing import IO

from earwise.errors import LibraryError
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.folders import FileEntry, Folder
from earwise.store.tracks import TrackFile

_WRITE_BATCH = 100
# Of more files than these that moved at once, the others are missing until they have been analysed.
_MOST_MOVED = 50_000


@dataclass(frozen=True, slots=True)
class Change:
    """A folder that differs: its files as they are now, the entries of those that are gone, and which are new."""

    location: LibraryPath
    files: Mapping[bytes, FileEntry]
    vanished: Mapping[bytes, FileEntry]
    added: frozenset[bytes] = frozenset()


class ChangeSpool:
    """Changes that wait on disk until every root is known to be sound: memory stays flat. A context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> ChangeSpool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What could not be written before can't be written now either.
        with contextlib.suppress(OSError):
            self._file.close()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LibraryError(
                f"The scan has no room for its notes in {tempfile.gettempdir()}: {os.strerror(error.errno)}. "
                "Nothing was changed; make room there, or let TMPDIR name another folder."
            ) from error

    def add(self, change: Change) -> None:
        """Keep one more change."""
        self._file.seek(0, 2)
        pickle.dump(change, self._file)

    def __iter__(self) -> Iterator[Change]:
        end, position = self._file.seek(0, 2), 0
        while position < end:
            self._file.seek(position)
            change = pickle.load(self._file)  # noqa: S301 - written by this process to a file of its own
            position = self._file.tell()
            yield change


def apply_changes(store: Store, changes: ChangeSpool, now: datetime) -> None:
    """Write all changes, moved files first.

    A file that vanished in one place and turned up in another with the same size and time takes its track along, so
    that nobody misses the track until the file has been analysed again; should it hold something else after all, it
    leaves the track then.

    Before all else it is noted which files leave. Where they went is no news any more once it is written, so the next
    scan, after one that was killed, could not tell them from lost ones; and a file that is back by then is read again
    and gets its track back.
    """
    for change in changes:
        store.folders.let_leave(change.location, change.vanished)
    if moved := _find_moved(changes):
        for change in changes:
            _move(store, change, moved, now)
    for some in batched(changes, _WRITE_BATCH):
        for change in some:
            _release(store, change, now)
        # The folders are written last, so that a scan that is killed finds the same changes again.
        store.folders.put_many([Folder(change.location, _adopted(change, moved)) for change in some if change.files])
        for change in some:
            if not change.files:
                store.folders.remove(change.location)


@dataclass(frozen=True, slots=True)
class _Origin:
    location: LibraryPath
    track_id: str


def _find_moved(changes: ChangeSpool) -> dict[LibraryPath, _Origin]:
    """Where files that are new came from: what is gone of the same size and time, and of the same name if several."""
    gone: defaultdict[tuple[int, int], dict[bytes, _Origin]] = defaultdict(dict)
    count = 0
    for change in changes:
        for name, entry in change.vanished.items():
            if entry.track_id is not None and count < _MOST_MOVED:
                location = change.location.child(name)
                gone[entry.size_bytes, entry.mtime_ns][location.path] = _Origin(location, entry.track_id)
                count += 1
    moved = {}
    for change in changes if gone else ():
        for name in sorted(change.added):
            entry = change.files[name]
            if candidates := gone.get((entry.size_bytes, entry.mtime_ns)):
                same = [path for path in candidates if path.rpartition(b"/")[2] == name]
                if chosen := same or (list(candidates) if len(candidates) == 1 else []):
                    moved[change.location.child(name)] = candidates.pop(chosen[0])
    return moved


def _adopted(change: Change, moved: Mapping[LibraryPath, _Origin]) -> dict[bytes, FileEntry]:
    files = dict(change.files)
    for name, entry in change.files.items() if moved else ():
        if origin := moved.get(change.location.child(name)):
            files[name] = replace(entry, track_id=origin.track_id)
    return files


def _move(store: Store, change: Change, moved: Mapping[LibraryPath, _Origin], now: datetime) -> None:
    files = _adopted(change, moved)
    here = {name: entry for name, entry in files.items() if entry is not change.files[name]}
    if not here:
        return
    # The folder names the track before the track names the file, and keeps what vanished until that has left.
    leaving = {name: replace(entry, analysed_version=None, is_leaving=True) for name, entry in change.vanished.items()}
    store.folders.put(Folder(change.location, leaving | files))
    for name, entry in here.items():
        location = change.location.child(name)
        origin = moved[location]
        store.tracks.move_file(
            origin.track_id, origin.location, TrackFile(location, entry.size_bytes, entry.mtime_ns), now
        )


def _release(store: Store, change: Change, now: datetime) -> None:
    for name, entry in change.vanished.items():
        location = change.location.child(name)
        if entry.track_id is not None:
            store.tracks.remove_file(entry.track_id, location, now)
        store.quarantine.remove(location)
