"""Analyses one batch of files and makes the outcomes durable, each in an order that a kill can't harm."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from earwise.errors import BrokenDecoderError, TrackError
from earwise.extraction.analysis import Analysis
from earwise.extraction.messages import Job
from earwise.extraction.pool import analyse_files
from earwise.extraction.progress import BatchReport, Progress
from earwise.extraction.reference import write_reference_clips
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.folders import FileEntry
from earwise.store.tracks import Track, TrackFile

log = logging.getLogger(__name__)

# From so many files on, a batch of which more than half fail raises the question whether the decoder works at all.
SUSPICIOUS_BATCH = 20
# Outcomes are stored in groups: an update of a folder's entries costs as much as the folder is large.
_MOST_IN_GROUP, _GROUP_S = 100, 2.0


def extract_batch(
    store: Store, run_id: str, number: int, settings: Settings, config: MfccConfig, now: datetime
) -> BatchReport:
    """Analyse the files of one batch that are still pending.

    Raises
    ------
    BrokenDecoderError
        If most files fail and so do clips that are known to be good; nothing is quarantined then.
    StoreError
        If the store does not answer; what was stored before stays, and the rest stays pending.
    """
    entries = _pending_entries(store, store.extraction_runs.batch(run_id, number), config)
    progress = Progress(store, run_id, len(entries))
    jobs, failures = _make_jobs(entries, settings, config)
    is_known = partial(store.features.has, feature_version=config.feature_version)
    for some in _in_groups(_analyse(jobs, settings, is_known)):
        failures.update({job.file: outcome for job, outcome in some if isinstance(outcome, TrackError)})
        analyses = {job.file: outcome for job, outcome in some if isinstance(outcome, Analysis)}
        _store_analyses(store, analyses, entries, config, now)
        for analysis in analyses.values():
            progress.add_analysed(was_decoded=analysis.vector is not None)
    if len(entries) >= SUSPICIOUS_BATCH and len(failures) > len(entries) / 2:
        _check_decoder(settings, config)
    for file, error in failures.items():
        _store_failure(store, file, entries[file], error, config, now)
        progress.add_failed(error.code)
    return progress.finish()


def _analyse(
    jobs: Sequence[Job], settings: Settings, is_known: Callable[[str], bool]
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    return analyse_files(
        jobs, processes=settings.extract_processes, timeout_s=settings.decode_timeout_s, is_known=is_known
    )


def _pending_entries(store: Store, files: Iterable[LibraryPath], config: MfccConfig) -> dict[LibraryPath, FileEntry]:
    """The files of a batch that no earlier attempt has finished, with what the scan saw of them."""
    folders: dict[LibraryPath, Mapping[bytes, FileEntry]] = {}
    entries = {}
    for file in files:
        if file.parent not in folders:
            folder = store.folders.get(file.parent)
            folders[file.parent] = folder.files if folder else {}
        entry = folders[file.parent].get(file.name)
        if entry is not None and entry.analysed_version != config.feature_version:
            entries[file] = entry
    return entries


def _make_jobs(
    entries: Iterable[LibraryPath], settings: Settings, config: MfccConfig
) -> tuple[list[Job], dict[LibraryPath, TrackError]]:
    jobs: list[Job] = []
    failures: dict[LibraryPath, TrackError] = {}
    for file in entries:
        try:
            jobs.append(Job(file, file.locate(settings.library), config))
        except TrackError as error:
            failures[file] = error
    return jobs, failures


def _in_groups(
    outcomes: Iterator[tuple[Job, Analysis | TrackError]],
) -> Iterator[list[tuple[Job, Analysis | TrackError]]]:
    """What comes within two seconds, or a hundred outcomes."""
    group: list[tuple[Job, Analysis | TrackError]] = []
    began = time.monotonic()
    for outcome in outcomes:
        group.append(outcome)
        if len(group) >= _MOST_IN_GROUP or time.monotonic() - began >= _GROUP_S:
            yield group
            group, began = [], time.monotonic()
    yield group


def _store_analyses(
    store: Store,
    analyses: Mapping[LibraryPath, Analysis],
    entries: Mapping[LibraryPath, FileEntry],
    config: MfccConfig,
    now: datetime,
) -> None:
    """Features first, finished entries last: until those stand the files are pending, and all of this repeatable.

    The folders' entries name the tracks before the tracks name the files, so that a file which is gone or holds other
    audio after a kill still leaves its track.
    """
    version = config.feature_version
    for analysis in analyses.values():
        if analysis.vector is not None:
            store.features.put(TrackFeatures(analysis.audio_id, version, analysis.vector, analysis.decoder), now)
    named = {
        file: replace(entries[file], track_id=analysis.audio_id)
        for file, analysis in analyses.items()
        if entries[file].track_id != analysis.audio_id
    }
    for file in named:
        if (left := entries[file].track_id) is not None:
            store.tracks.remove_file(left, file)
    _put_entries(store, named)
    for file, analysis in analyses.items():
        track = Track(analysis.audio_id, analysis.tags, analysis.duration_s)
        store.tracks.put(track, TrackFile(file, entries[file].size_bytes, entries[file].mtime_ns), now)
        store.quarantine.remove(file)
    _put_entries(
        store,
        {
            file: replace(entries[file], analysed_version=version, track_id=analysis.audio_id)
            for file, analysis in analyses.items()
        },
    )


def _put_entries(store: Store, entries: Mapping[LibraryPath, FileEntry]) -> None:
    for parent in {file.parent for file in entries}:
        here = {file.name: entry for file, entry in entries.items() if file.parent == parent}
        store.folders.put_entries(parent, here)


def _store_failure(
    store: Store, file: LibraryPath, entry: FileEntry, error: TrackError, config: MfccConfig, now: datetime
) -> None:
    store.quarantine.put(file, error.code, str(error), now)
    if entry.track_id is not None:
        store.tracks.remove_file(entry.track_id, file)
    finished = replace(entry, analysed_version=config.feature_version, track_id=None)
    store.folders.put_entries(file.parent, {file.name: finished})
    log.warning("quarantined: %s: %s", file.display, error, extra=fields(root=file.root, code=error.code))


def _check_decoder(settings: Settings, config: MfccConfig) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            clips = write_reference_clips(Path(folder))
        except Exception as error:  # whatever it is, the audio library does not work
            raise BrokenDecoderError(f"No reference clip can be written: {error}") from error
        jobs = [Job(LibraryPath("reference", clip.rpartition(b"/")[2]), clip, config) for clip in clips]
        for job, outcome in _analyse(jobs, settings, lambda audio_id: False):
            if isinstance(outcome, TrackError):
                raise BrokenDecoderError(
                    f"More than half of the batch failed, and so did {job.file.display}, which is known to be good: "
                    f"{outcome} Nothing was quarantined."
                )
