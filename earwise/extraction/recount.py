"""What a run has done, counted from what is stored: what was noted of its progress may lag when it is killed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from earwise.extraction.versions import done_rule, roots_in_place
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store import Store
from earwise.store.extraction_runs import Counts
from earwise.store.folders import FileEntry


def read_entries(store: Store, files: Iterable[LibraryPath]) -> dict[LibraryPath, FileEntry]:
    """What is known of these files; those that the library no longer holds are left out."""
    folders: dict[LibraryPath, Mapping[bytes, FileEntry]] = {}
    entries = {}
    for file in files:
        if file.parent not in folders:
            folder = store.folders.get(file.parent)
            folders[file.parent] = folder.files if folder else {}
        if (entry := folders[file.parent].get(file.name)) is not None:
            entries[file] = entry
    return entries


def count_finished(
    store: Store, finished: Mapping[LibraryPath, FileEntry], config: MfccConfig, began: datetime
) -> Counts:
    """Counts of files that a run has finished.

    Parameters
    ----------
    began : datetime
        When the run began, which the features that it computed carry.
    """
    if not finished:
        return Counts()
    tracks = {entry.track_id for entry in finished.values() if entry.track_id is not None}
    return Counts(
        done=len(finished),
        decoded=store.features.count_extracted(tracks, config.feature_version, began),
        failures=store.quarantine.count_codes(finished),
    )


def settle_counts(store: Store, roots: Iterable[Root], config: MfccConfig) -> None:
    """Count anew what the batches of runs have done that were broken off."""
    in_place = roots_in_place(roots)
    for run_id, number in store.extraction_runs.open_batches():
        run = store.extraction_runs.get(run_id)
        if run is not None:
            entries = read_entries(store, store.extraction_runs.batch(run_id, number))
            finished = {
                file: entry
                for file, entry in entries.items()
                if done_rule(file.root, in_place)(config, file.name, entry)
            }
            counts = count_finished(store, finished, config, run.started_at)
            store.extraction_runs.put_progress(run_id, number, counts)
