"""Pairs the folders that a walk finds with those that are known, both in the order of their paths' bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from earwise.library.scan import FoundFolder
from earwise.listing import Listing
from earwise.paths import LibraryPath
from earwise.store.folders import ListedFolder

# Folders; of 20 files each they are some 10 MB.
_MOST_AHEAD = 2_000


def pair_folders(
    found: Iterator[FoundFolder], known: Iterator[ListedFolder]
) -> Iterator[tuple[LibraryPath, FoundFolder | None, Listing]]:
    """Both sides of every folder, in order; None or nothing for the side that lacks it."""
    found, known = _begun(found, known)
    here, there = next(found, None), next(known, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here.location.path < there.location.path):
            assert here is not None  # noqa: S101 - by the loop's condition
            yield here.location, here, Listing()
            here = next(found, None)
        elif here is None or there.location.path < here.location.path:
            yield there.location, None, there.listing
            there = next(known, None)
        else:
            yield here.location, here, there.listing
            here, there = next(found, None), next(known, None)


def _begun(
    found: Iterator[FoundFolder], known: Iterator[ListedFolder]
) -> tuple[Iterator[FoundFolder], Iterator[ListedFolder]]:
    """Both sides, the walk as far ahead as it came while the embedded server put all that is known in order."""
    ahead = deque[FoundFolder]()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(next, known, None)
        while not first.done() and len(ahead) < _MOST_AHEAD and (folder := next(found, None)) is not None:
            ahead.append(folder)
    return _drained(ahead, found), chain(filter(None, [first.result()]), known)


def _drained[Item](ahead: deque[Item], following: Iterator[Item]) -> Iterator[Item]:
    while ahead:
        yield ahead.popleft()
    yield from following
