"""Analyses one batch of files and makes the outcomes durable, each in an order that a kill can't harm."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import batched

from earwise.errors import BrokenDecoderError, ChangingFileError, LibraryError, TrackError, UnreadableFileError
from earwise.extraction.absence import check_absence, check_roots
from earwise.extraction.deadline import Deadline
from earwise.extraction.following import find_former, leave_track
from earwise.extraction.losses import LossLimits
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.patience import patiently
from earwise.extraction.pool import analyse_files
from earwise.extraction.progress import BatchReport, Progress
from earwise.extraction.recount import count_finished, read_entries
from earwise.extraction.suspicion import check_decoder
from earwise.extraction.versions import needed_configs
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.folders import FileEntry
from earwise.store.tracks import Track, TrackFile
from earwise.tags import combine_tags

log = logging.getLogger(__name__)

# Outcomes are stored in groups: an update of a folder's entries costs as much as the folder is large.
_MOST_IN_GROUP, _GROUP_S = 100, 2.0
_UNKNOWN = frozenset((UnreadableFileError.code, ChangingFileError.code))


def extract_batch(
    store: Store, run_id: str, number: int, settings: Settings, config: MfccConfig, now: datetime
) -> BatchReport:
    """Analyse the files of one batch that are still pending.

    Parameters
    ----------
    now : datetime
        When the run began: what it stores carries this time.

    Raises
    ------
    BatchOverdueError
        If it takes far longer than its size explains; what became of the files until then is stored.
    BrokenDecoderError
        If most files fail and so do clips that are known to be good; nothing is quarantined then.
    LibraryError
        If files can't be read because their root went away after the scan; nothing is quarantined then.
    StoreError
        If the store does not answer; what was stored before stays, and the rest stays pending.
    """
    files = patiently(lambda: read_entries(store, store.extraction_runs.batch(run_id, number)))
    entries = {file: entry for file, entry in files.items() if entry.analysed_version != config.feature_version}
    finished = {file: entry for file, entry in files.items() if file not in entries}
    earlier = patiently(lambda: count_finished(store, finished, config, now))
    progress = Progress(store, run_id, number, len(files), earlier)
    deadline = Deadline(len(entries), settings.extract_processes)
    configs = patiently(lambda: needed_configs(store, config))
    former = patiently(lambda: find_former(store, entries))
    jobs = [Job(file, settings.roots, configs, former.get(file)) for file in entries]
    tried: set[LibraryPath] = set()
    failures: dict[LibraryPath, TrackError] = {}
    try:
        for some in _in_groups(_analyse(jobs, configs, settings, store)):
            failed = {job.file: outcome for job, outcome in some if isinstance(outcome, TrackError)}
            analyses = {job.file: outcome for job, outcome in some if isinstance(outcome, Analysis)}
            patiently(partial(_store_analyses, store, analyses, entries, config, now))
            tried.update(job.file for job, _ in some)
            failures.update(failed)
            progress.add(analyses.values(), failed.values())
            # At once, since each file of a bucket that is away takes a minute to fail.
            check_roots(failed, settings.roots)
            if deadline.is_over and len(tried) < len(jobs):
                break
        check_absence(tried, failures, settings.roots, LossLimits(settings.loss_files, settings.loss_share))
        check_decoder(tried, failures.keys(), settings, config)
    except (BrokenDecoderError, LibraryError):
        progress.forget_failures()
        raise
    for group in batched(failures.items(), _MOST_IN_GROUP):
        patiently(partial(_store_failures, store, dict(group), entries, config, now))
    report = progress.finish()
    if len(tried) < len(jobs):
        raise deadline.error
    return report


def _analyse(
    jobs: Sequence[Job], configs: Iterable[MfccConfig], settings: Settings, store: Store
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    versions = {config.feature_version for config in configs}

    def known_versions(audio_id: str) -> frozenset[str]:
        return patiently(lambda: store.features.versions_of(audio_id, versions))

    return analyse_files(
        jobs,
        processes=settings.extract_processes,
        timeout_s=settings.decode_timeout_s,
        known_versions=known_versions,
        are_copies_known=True,
    )


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
    stated = store.catalogue.tags_of(analyses)
    analyses = {
        file: replace(analysis, tags=combine_tags(stated[file], analysis.tags)) if file in stated else analysis
        for file, analysis in analyses.items()
    }
    store.features.put_many(
        (
            TrackFeatures(analysis.audio_id, measured, vector, analysis.decoder)
            for analysis in analyses.values()
            for measured, vector in analysis.vectors.items()
        ),
        now,
    )
    named = {
        file: replace(entries[file], track_id=analysis.audio_id)
        for file, analysis in analyses.items()
        if entries[file].track_id != analysis.audio_id
    }
    for file in named:
        if (left := entries[file].track_id) is not None:
            leave_track(store, left, file, analyses[file], now)
    _put_entries(store, named)
    store.tracks.put_many(
        (
            (
                Track(analysis.audio_id, analysis.tags, analysis.duration_s),
                TrackFile(file, analysis.size_bytes, entries[file].mtime_ns),
            )
            for file, analysis in analyses.items()
        ),
        now,
    )
    store.quarantine.remove_many(analyses)
    store.aliases.remove(analysis.audio_id for analysis in analyses.values())
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


def _store_failures(
    store: Store,
    failures: Mapping[LibraryPath, TrackError],
    entries: Mapping[LibraryPath, FileEntry],
    config: MfccConfig,
    now: datetime,
) -> None:
    """Quarantine files, finished entries last; each remembers its track, which what it holds once whole can take over.

    A file that can't be opened, or is being written, stays with its track: nobody knows yet what else it holds.
    """
    for file, error in failures.items():
        store.quarantine.put(file, error.code, str(error), now)
        track_id = entries[file].track_id
        if track_id is not None and error.code not in _UNKNOWN:
            store.tracks.remove_file(track_id, file, now)
        log.warning("quarantined: %s: %s", file.display, error, extra=fields(root=file.root, code=error.code))
    _put_entries(store, {file: replace(entries[file], analysed_version=config.feature_version) for file in failures})
