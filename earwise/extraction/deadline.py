"""How long a batch, and fetching a file, may take: mapped tasks share one time-out, so each batch bounds itself."""

from __future__ import annotations

import faulthandler
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from earwise.errors import BatchOverdueError

log = logging.getLogger(__name__)

# Ten minutes to start, and half a minute of one process for each file: a hundred times what one takes.
_START_S, _FILE_S = 600.0, 30.0
# What is fetched gets time by its size, enough for a line of 4 Mbit/s: an hour in FLAC may be half a gigabyte.
_FETCHED_BYTES_PER_S = 500_000
# The task's time-out, four days, would not say what became of the files, nor where it hung.
_MOST_S = 95 * 3600.0
# What is under way when time is up has to be stored, perhaps by a store that is away, and its disks asked for.
_GRACE_S = 900.0
# Each start of the clock ends one thread and begins another.
_RESTART_S = 60.0
_STDERR = 2


def time_limit_s(files: int, processes: int, fetched_bytes: int = 0) -> float:
    """Seconds within which so many files have to be analysed, so many bytes of which have to be fetched.

    >>> time_limit_s(500, 2), time_limit_s(10_000, 1), time_limit_s(8, 2, 4_000_000_000)
    (8100.0, 300600.0, 8720.0)
    """
    return min(_START_S + _FILE_S * files / max(processes, 1) + fetching_s(fetched_bytes), _MOST_S)


def fetching_s(size_bytes: int, processes: int = 1) -> float:
    """Seconds that fetching a file may take while so many processes share one line; a listing may claim any size.

    >>> fetching_s(30_000_000, 4)
    240.0
    """
    return min(size_bytes * max(processes, 1) / _FETCHED_BYTES_PER_S, _MOST_S)


class Deadline:
    """Begins when it is made.

    Attributes
    ----------
    end : float
        When it is over, by the monotonic clock.
    """

    def __init__(self, files: int, processes: int, fetched_bytes: int = 0) -> None:
        self._limit_s = time_limit_s(files, processes, fetched_bytes)
        self.end = time.monotonic() + self._limit_s

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() > self.end

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return max(self.end - time.monotonic(), 0.0)

    @property
    def error(self) -> BatchOverdueError:
        """What to raise once it is over, saying how much time there was."""
        return BatchOverdueError(
            f"The batch was not done within {self._limit_s / 60:.0f} minutes, which is many times what it should "
            "take. What became of the files so far is stored; the rest waits."
        )


@contextmanager
def ended_if_hanging(limit_s: float) -> Iterator[Callable[[], None]]:
    """End this process if it is still at this a quarter of an hour after its time is up.

    Whoever asks a disk that is away may hang in the kernel, where neither signals nor exceptions come through: nobody
    would look at a deadline any more. Where it hung stands on stderr then, and the next attempt goes on with what is
    left. That ends what SIGKILL ends, as waiting for NFS; a wait that not even that ends lasts until the disk answers.

    Yields
    ------
    callable
        To be called where something was done: from then on there is as much time again.
    """
    end_s = min(limit_s, _MOST_S) + _GRACE_S
    log.info("should this hang, its process is ended after %.0f minutes", end_s / 60)
    started = _watch(end_s)

    def get_on() -> None:
        nonlocal started
        if time.monotonic() - started >= _RESTART_S:
            started = _watch(end_s)

    try:
        yield get_on
    finally:
        faulthandler.cancel_dump_traceback_later()


def _watch(end_s: float) -> float:
    # A thread outside of Python, which needs nothing of what hangs.
    faulthandler.dump_traceback_later(end_s, exit=True, file=_STDERR)
    return time.monotonic()
