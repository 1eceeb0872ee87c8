"""How long a batch, and fetching a file, may take: mapped tasks share one time-out, so each batch bounds itself."""

from __future__ import annotations

import time

from earwise.errors import BatchOverdueError

# Ten minutes to start, and half a minute of one process for each file: a hundred times what one takes.
_START_S, _FILE_S = 600.0, 30.0
# What is fetched gets time by its size, enough for a line of 4 Mbit/s: an hour in FLAC may be half a gigabyte.
_FETCHED_BYTES_PER_S = 500_000
# The task's time-out, four days, would not say what became of the files.
_MOST_S = 95 * 3600.0


def time_limit_s(files: int, processes: int, fetched_bytes: int = 0) -> float:
    """Seconds within which so many files have to be analysed, so many bytes of which have to be fetched.

    >>> time_limit_s(500, 2), time_limit_s(10_000, 1), time_limit_s(8, 2, 4_000_000_000)
    (8100.0, 300600.0, 8720.0)
    """
    return min(_START_S + _FILE_S * files / max(processes, 1) + fetching_s(fetched_bytes), _MOST_S)


def fetching_s(size_bytes: int, processes: int = 1) -> float:
    """Seconds that fetching a file may take while so many processes share one line.

    >>> fetching_s(30_000_000, 4)
    240.0
    """
    return size_bytes * max(processes, 1) / _FETCHED_BYTES_PER_S


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
    def error(self) -> BatchOverdueError:
        """What to raise once it is over, saying how much time there was."""
        return BatchOverdueError(
            f"The batch was not done within {self._limit_s / 60:.0f} minutes, which is many times what it should "
            "take. What became of the files so far is stored; the rest waits."
        )
