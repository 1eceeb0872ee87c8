"""How many requests an account may make: counted by each process for itself, from minute to minute.

A count in the store would make every request that reads write too. What is protected is the machine, which two
processes with an allowance each protect as well as one.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from threading import Lock

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of an allowance, and the seconds until it is whole again; negative where it was overdrawn."""

    requests: int
    resets_s: int


class Allowance:
    """So many requests of each account in each minute by the clock; 0 for any number."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._minute = 0
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, account: str, now: float | None = None) -> Left:
        """Count one request."""
        minute, second = divmod(int(time.time() if now is None else now), WINDOW_S)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, Counter()
            self._counts[account] += 1
            return Left(self.most - self._counts[account], WINDOW_S - second)
