"""Which files wait to be analysed, cut into batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

from earwise.extraction.following import follow_aliases
from earwise.extraction.knocking import release_readable
from earwise.extraction.recount import settle_counts
from earwise.extraction.scope import scan_region
from earwise.extraction.versions import done_rule, note_version, roots_in_place
from earwise.extraction.waiting import let_wait
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store import Store
from earwise.store.folders import Folder

log = logging.getLogger(__name__)

# A mapped task costs seconds before its first track, in which two cores analyse hundreds of clips. No more than 1024
# may be mapped; 64 are plenty until they grow so large that one of them is a day's work, or its list of files comes
# near MongoDB's 16 MiB.
SMALLEST_BATCH, LARGEST_BATCH = 5_000, 10_000
USUAL_BATCHES, MOST_BATCHES = 64, 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a run's files: its number, counted from 0, and what people call it."""

    number: int
    label: str


def plan_batches(
    store: Store,
    roots: tuple[Root, ...],
    config: MfccConfig,
    run_id: str,
    now: datetime,
    *,
    within: LibraryPath | None = None,
    retry_quarantined: bool = False,
    force: bool = False,
) -> list[Batch]:
    """Cut the pending files into batches and record them as a run; nothing is written where nothing is pending.

    Parameters
    ----------
    now : datetime
        When the run was due, which may be long ago.
    within : LibraryPath or None
        Plan this folder or file alone; what else waits goes on waiting.
    retry_quarantined : bool
        Whether files in quarantine are tried again although they have not changed.
    force : bool
        Whether all files are identified and their tags read again although they have not changed. Features stand: they
        belong to the audio, and audio that is new is listened to.
    """
    if force:
        _release(store, roots, within)
    elif retry_quarantined:
        _release_quarantined(store, within)
    _release_requested(store)
    release_readable(store, roots, now, within=within)
    waiting = sum(1 for _ in pending_files(store, roots, config, within))
    settle_counts(store, roots, config)
    if not waiting:
        store.extraction_runs.close_unfinished(run_id, datetime.now(UTC))
        if within is None:
            follow_aliases(store)  # where the run before did not get that far
        log.info("nothing to analyse: every file that was asked for is known")
        return []
    note_version(store, config, now)
    store.shelves.mark_stale()
    # Read once more rather than kept: a million paths are half a gigabyte.
    batches = batched(pending_files(store, roots, config, within), batch_size(waiting))
    sizes = store.extraction_runs.start(run_id, batches, now, now=datetime.now(UTC))
    log.info("planned %d files in %d batches", sum(sizes), len(sizes))
    return [Batch(number, f"batch {number + 1} of {len(sizes)} · {size} files") for number, size in enumerate(sizes)]


def batch_size(files: int) -> int:
    """How many files make a batch.

    >>> [batch_size(files) for files in (1, 100_000, 1_000_000, 20_000_000)]
    [5000, 5000, 10000, 19532]
    """
    usual = min(max(SMALLEST_BATCH, math.ceil(files / USUAL_BATCHES)), LARGEST_BATCH)
    return max(usual, math.ceil(files / MOST_BATCHES))


def pending_files(
    store: Store, roots: tuple[Root, ...], config: MfccConfig, within: LibraryPath | None = None
) -> Iterator[LibraryPath]:
    """Files that were not analysed as they would be now: new, changed and interrupted ones alike."""
    in_place = roots_in_place(roots)
    for folder in _folders(store, roots, within):
        is_done = done_rule(folder.location.root, in_place)
        for name, entry in folder.files.items():
            if not is_done(config, name, entry):
                file = folder.location.child(name)
                if within is None or within.holds(file):
                    yield file


def _folders(store: Store, roots: tuple[Root, ...], within: LibraryPath | None) -> Iterator[Folder]:
    region = scan_region(within)
    for root in roots:
        if region is None or region.root == root.name:
            yield from store.folders.read_root(root.name, region.path if region else b"")


def _release_quarantined(store: Store, within: LibraryPath | None) -> None:
    """Let all files in quarantine wait again, but those that no folder holds: every scan looks at them anyway."""
    quarantined = store.quarantine.with_codes(store.quarantine.count_by_code())
    files = (file.location for file in quarantined if within is None or within.holds(file.location))
    let_wait(store, files)


def _release_requested(store: Store) -> None:
    """Let files wait again that an admin asked for; the request stands until they have been tried."""
    for file in let_wait(store, (quarantined.location for quarantined in store.quarantine.retries())):
        # Not a file that could be opened: every scan looks at it anyway.
        store.quarantine.forget_retry(file)


def _release(store: Store, roots: tuple[Root, ...], within: LibraryPath | None) -> None:
    for folder in _folders(store, roots, within):
        names = [name for name in folder.files if within is None or within.holds(folder.location.child(name))]
        store.folders.let_wait(folder.location, names)
