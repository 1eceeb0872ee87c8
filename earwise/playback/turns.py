"""Work that only few may do at a time on a machine, whichever processes they are of."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from earwise.errors import BusyError
from earwise.root import Copies
from earwise.roots.cache import told_as_the_folders

# Whoever waits longest asks most often, so that it is not passed by who came later.
_LONGEST_PAUSE_S, _SHORTEST_PAUSE_S = 0.06, 0.01


@contextmanager
def take_turn(copies: Copies, key: str, *, places: int, patience_s: float, busy: str) -> Iterator[None]:
    """Have one of so many places while the context lasts; a process that ends leaves its own.

    Parameters
    ----------
    copies : Copies
        The folder of what is made, which is made if it is not there.
    key : str
        Hexadecimal digits of what is made: the same always waits for the same place, so that it is made once.
    patience_s : float
        How long it is waited for.
    busy : str
        What is said where that was in vain.

    Raises
    ------
    BusyError
        If all that time others were at it.
    LocalCopyError
        If the folder can't be made or written to.
    """
    deadline, pause_s = time.monotonic() + patience_s, _LONGEST_PAUSE_S
    with told_as_the_folders(copies):
        copies.folder.mkdir(parents=True, exist_ok=True)
        place = (copies.folder / f"slot-{int(key, 16) % places}").open("a")
    with place:
        while True:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError(busy) from None
                time.sleep(pause_s)
                pause_s = max(0.8 * pause_s, _SHORTEST_PAUSE_S)
        yield
