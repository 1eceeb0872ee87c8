"""Which files wait to be analysed, cut into batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from earwise.errors import UnreadableFileError
from earwise.extraction.recount import settle_counts
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.roots.opening import open_file
from earwise.settings import Root
from earwise.store import Store

log = logging.getLogger(__name__)

# A mapped task costs seconds before its first track; and no more than 1024 of them may be mapped, 64 are plenty.
SMALLEST_BATCH = 500
MOST_BATCHES = 64


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
    retry_quarantined: bool = False,
) -> list[Batch]:
    """Cut the pending files into batches and record them as a run; nothing is written where nothing is pending.

    Parameters
    ----------
    retry_quarantined : bool
        Whether files in quarantine are tried again although they have not changed.
    """
    if retry_quarantined:
        _release_quarantined(store, roots, config)
    _release_requested(store)
    _release_readable(store, roots)
    files = list(pending_files(store, roots, config))
    settle_counts(store, config)
    if not files:
        store.extraction_runs.close_unfinished(run_id, now)
        log.info("nothing to analyse: every file of the library is known")
        return []
    size = max(SMALLEST_BATCH, math.ceil(len(files) / MOST_BATCHES))
    batches = [files[first : first + size] for first in range(0, len(files), size)]
    store.extraction_runs.start(run_id, batches, now)
    log.info("planned %d files in %d batches", len(files), len(batches))
    return [
        Batch(number, f"batch {number + 1} of {len(batches)} · {len(batch)} files")
        for number, batch in enumerate(batches)
    ]


def pending_files(store: Store, roots: tuple[Root, ...], config: MfccConfig) -> Iterator[LibraryPath]:
    """Files that were not analysed in this version: new, changed and interrupted ones alike."""
    for root in roots:
        for folder in store.folders.read_root(root.name):
            for name, entry in folder.files.items():
                if entry.analysed_version != config.feature_version:
                    yield folder.location.child(name)


def _release_readable(store: Store, roots: tuple[Root, ...]) -> None:
    """Let files wait again that could not be opened and now can.

    Neither a permission that was granted nor a disk that was away and came back changes a file's size or time.
    """
    for quarantined in store.quarantine.with_codes((UnreadableFileError.code,)):
        file = quarantined.location
        folder = store.folders.get(file.parent)
        entry = folder.files.get(file.name) if folder else None
        if entry is not None and entry.analysed_version is not None and _can_be_opened(file, roots):
            store.folders.put_entries(file.parent, {file.name: replace(entry, analysed_version=None)})


def _release_requested(store: Store) -> None:
    """Let files wait again that an admin asked for; the request stands until they have been tried."""
    for quarantined in store.quarantine.retries():
        file = quarantined.location
        folder = store.folders.get(file.parent)
        entry = folder.files.get(file.name) if folder else None
        if entry is None:
            # Not a file that could be opened: every scan looks at it anyway.
            store.quarantine.forget_retry(file)
        elif entry.analysed_version is not None:
            store.folders.put_entries(file.parent, {file.name: replace(entry, analysed_version=None)})


def _can_be_opened(file: LibraryPath, roots: tuple[Root, ...]) -> bool:
    try:
        open_file(file, roots).reader.close()
    except (UnreadableFileError, OSError):
        return False
    return True


def _release_quarantined(store: Store, roots: tuple[Root, ...], config: MfccConfig) -> None:
    for root in roots:
        for folder in store.folders.read_root(root.name):
            quarantined = {
                name: replace(entry, analysed_version=None)
                for name, entry in folder.files.items()
                if entry.analysed_version == config.feature_version and entry.track_id is None
            }
            store.folders.put_entries(folder.location, quarantined)
