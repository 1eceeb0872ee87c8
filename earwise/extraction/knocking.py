"""Knocks at files in quarantine that could not be opened or read, or not in time, to see whether they can be by now.

Neither a permission that was granted nor a disk that hung, or was away, and came back changes a file's size or time.
Files that stay away are knocked at ever more seldom, and all of a root together take no longer of a run than
`_KNOCKING_S`: an object store that is in trouble may take minutes for each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

from earwise.errors import DecodeTimeoutError, UnreadableFileError
from earwise.extraction.deadline import ended_if_hanging
from earwise.extraction.waiting import let_wait
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots.opening import check_readable
from earwise.roots.probing import is_readable
from earwise.store import Store
from earwise.store.quarantine import QuarantinedFile

log = logging.getLogger(__name__)

_READ_ERROR = "read_error"
_CODES = (UnreadableFileError.code, _READ_ERROR, DecodeTimeoutError.code)
# So often a file is tried that could be opened and not read, or not in time: its disk may have been away for a moment,
# but one that is broken further on, or takes too long by itself, gives its first byte each time.
_MOST_ATTEMPTS = 3
# Runs are a quarter of an hour apart, so that a file which is back is heard within a day.
_INTERVAL, _LONGEST = timedelta(minutes=15), timedelta(hours=23)
_KNOCKING_S = 120.0


def release_readable(
    store: Store, roots: tuple[Root, ...], now: datetime, *, within: LibraryPath | None = None
) -> None:
    """Let files wait again that could not be opened, not be read in a folder, or not in time, and now can.

    Parameters
    ----------
    now : datetime
        When the run began.
    within : LibraryPath or None
        Knock at this folder or file alone.
    """
    folders = frozenset(root.name for root in roots if root.is_folder)
    due = [
        file
        for file in store.quarantine.with_codes(_CODES)
        if (within is None or within.holds(file.location)) and _is_hopeful(file, folders) and _is_due(file, now)
    ]
    # Those that had to wait longest come first, so that each has its turn.
    due.sort(key=lambda file: (file.location.root, file.last_tried, file.location.path))
    with ended_if_hanging(_KNOCKING_S) as get_on:
        answering = list(_answering(store, due, roots, folders, now, get_on))
    let_wait(store, answering)


def distance(failures: int) -> timedelta:
    """How long to wait before the next knock: until the next run after the first failure, and ever longer after that.

    >>> [str(distance(failures)) for failures in (1, 2, 3, 6, 9, 1000)]
    ['0:00:00', '0:15:00', '0:30:00', '4:00:00', '23:00:00', '23:00:00']
    """
    return min(_INTERVAL * 2 ** min(failures - 2, 10), _LONGEST) if failures > 1 else timedelta(0)


def _is_due(file: QuarantinedFile, now: datetime) -> bool:
    return now - file.last_tried >= distance(file.attempts + file.knocks)


def _is_hopeful(file: QuarantinedFile, folders: frozenset[str]) -> bool:
    if file.code == UnreadableFileError.code:
        return True
    # What an archive can't give is damaged, and what a bucket refuses stays refused.
    may_come_back = file.code != _READ_ERROR or file.location.root in folders
    return may_come_back and file.attempts < _MOST_ATTEMPTS


def _answering(
    store: Store,
    due: list[QuarantinedFile],
    roots: tuple[Root, ...],
    folders: frozenset[str],
    now: datetime,
    get_on: Callable[[], None],
) -> Iterator[LibraryPath]:
    """Those of the files that can be read; which were knocked at is noted."""
    for name, files in groupby(due, key=lambda file: file.location.root):
        end, waiting = time.monotonic() + _KNOCKING_S, 0
        for file in files:
            get_on()
            if time.monotonic() >= end:
                waiting += 1
                continue
            # Before it is knocked at: should this process hang there and be ended, the next one goes on with others.
            store.quarantine.note_knocks([file.location], now)
            if _can_be_read(file, roots, is_in_folder=name in folders):
                yield file.location
        if waiting:
            log.warning("%s is slow to answer: %d files wait for another run to be looked for", name, waiting)


def _can_be_read(file: QuarantinedFile, roots: tuple[Root, ...], *, is_in_folder: bool) -> bool:
    if is_in_folder and file.code != UnreadableFileError.code:
        return is_readable(file.location, roots)
    try:
        check_readable(file.location, roots)
    except (UnreadableFileError, OSError):
        return False
    return True
