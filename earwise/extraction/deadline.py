"""How long a batch may take: mapped tasks share one time-out, so each batch bounds itself by its size."""

from __future__ import annotations

import time

from earwise.errors import BatchOverdueError

# Ten minutes to start, and half a minute of one process for each file: a hundred times what one takes, and enough to
# fetch one over a slow line.
_START_S, _FILE_S = 600.0, 30.0


def time_limit_s(files: int, processes: int) -> float:
    """Seconds within which so many files have to be analysed.

    >>> time_limit_s(500, 2), time_limit_s(10_000, 1)
    (8100.0, 300600.0)
    """
    return _START_S + _FILE_S * files / max(processes, 1)


class Deadline:
    """Begins when it is made.

    Attributes
    ----------
    end : float
        When it is over, by the monotonic clock.
    """

    def __init__(self, files: int, processes: int) -> None:
        self._limit_s = time_limit_s(files, processes)
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
