"""Analyses one batch of files and makes the outcomes durable, each in an order that a kill can't harm."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import batched

from earwise.errors import BrokenDecoderError, ExtractionRunError, LibraryError, TrackError
from earwise.extraction.absence import check_absence, check_roots, heard_files
from earwise.extraction.behind import Behind
from earwise.extraction.deadline import Deadline, ended_if_hanging, fetching_s
from earwise.extraction.following import find_former
from earwise.extraction.losses import LossLimits
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.patience import patiently
from earwise.extraction.pool import analyse_files, longest_outcome_s
from earwise.extraction.progress import BatchReport, Progress
from earwise.extraction.recount import count_finished, read_entries
from earwise.extraction.retagging import find_known
from earwise.extraction.storing import store_analyses, store_failures
from earwise.extraction.suspicion import Tally, check_decoder
from earwise.extraction.versions import done_rule, known_versions, needed_configs, roots_in_place
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.folders import FileEntry

# Outcomes are stored in groups: an update of a folder's entries costs as much as the folder is large.
_MOST_IN_GROUP, _GROUP_S = 100, 2.0


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
        If most files fail and so do clips that are known to be good; no file is quarantined for that.
    ExtractionRunError
        If the run has no such batch, as once it is closed; nothing is written then.
    LibraryError
        If files can't be read because their root went away after the scan; none of them is quarantined then. Files
        that can't be read while others of their disk can are.
    StoreError
        If the store does not answer; what was stored before stays, and the rest stays pending.
    """
    listed = patiently(lambda: store.extraction_runs.batch(run_id, number))
    # A batch keeps its list until the run is closed, even if none of its files is left to analyse, or in the library.
    if not listed:
        raise ExtractionRunError(
            f"The extraction run {run_id!r} has no batch {number + 1}, as it is closed. What it left is taken up by "
            "the next run: trigger a new one."
        )
    files = patiently(lambda: read_entries(store, listed))
    roots = settings.roots
    in_place = roots_in_place(roots)
    finished = {
        file: entry for file, entry in files.items() if done_rule(file.root, in_place)(config, file.name, entry)
    }
    entries = {file: entry for file, entry in files.items() if file not in finished}
    earlier = patiently(lambda: count_finished(store, finished, config, now))
    fetched = {file: entry.size_bytes for file, entry in entries.items() if file.root not in in_place}
    # Each process may be fetching at the same time, over one line.
    fetching = {file: fetching_s(size_bytes, settings.extract_processes) for file, size_bytes in fetched.items()}
    longest_fetch_s = max(fetching.values(), default=0.0)
    progress = Progress(store, run_id, number, len(files), earlier, longest_fetch_s)
    deadline = Deadline(len(entries), settings.extract_processes, sum(fetched.values()))
    configs = patiently(lambda: needed_configs(store, config))
    former = patiently(lambda: find_former(store, entries))
    known = patiently(lambda: find_known(store, entries, config))
    jobs = [Job(file, roots, configs, former.get(file), fetching.get(file, 0.0), known.get(file)) for file in entries]
    write = partial(_write, store, entries, config, now, progress)
    tally, held = Tally(), dict[LibraryPath, TrackError]()
    # One outcome is waited for in any case.
    limit_s = max(deadline.left_s, longest_outcome_s(settings.decode_timeout_s, longest_fetch_s))
    try:
        with ended_if_hanging(limit_s):
            with Behind() as behind:
                for some in _in_groups(_analyse(jobs, configs, settings, store, deadline.end)):
                    failed = {job.file: outcome for job, outcome in some if isinstance(outcome, TrackError)}
                    tally.add((job.file, outcome) for job, outcome in some)
                    held |= failed
                    sure = {file: error for file, error in held.items() if tally.is_fault_of(file, error)}
                    held = {file: error for file, error in held.items() if file not in sure}
                    behind.do(partial(write, dict(some), failed, sure))
                    # At once, since each file of a bucket that is away takes a minute to fail.
                    check_roots(failed, roots)
                    if deadline.is_over and len(tally) < len(jobs):
                        break
            limits = LossLimits(settings.loss_files, settings.loss_share)
            patiently(lambda: check_absence(tally.files, held, roots, limits, partial(heard_files, store)))
        check_decoder(tally, settings, config)
    except (BrokenDecoderError, LibraryError):
        progress.forget_failures(held.values())
        raise
    for group in batched(held.items(), _MOST_IN_GROUP):
        patiently(partial(store_failures, store, dict(group), entries, config, now))
    report = progress.finish()
    if len(tally) < len(jobs):
        raise deadline.error
    return report


def _write(
    store: Store,
    entries: Mapping[LibraryPath, FileEntry],
    config: MfccConfig,
    now: datetime,
    progress: Progress,
    outcomes: Mapping[Job, Analysis | TrackError],
    failed: Mapping[LibraryPath, TrackError],
    sure: Mapping[LibraryPath, TrackError],
) -> None:
    """Store what a group of files became, and those failures, of earlier groups too, that are surely the files' own."""
    analyses = {job.file: outcome for job, outcome in outcomes.items() if isinstance(outcome, Analysis)}
    patiently(lambda: store_analyses(store, analyses, entries, config, now))
    patiently(lambda: store_failures(store, sure, entries, config, now))
    progress.add(analyses.values(), failed.values())


def _analyse(
    jobs: Sequence[Job], configs: Iterable[MfccConfig], settings: Settings, store: Store, until: float
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    versions = {config.feature_version for config in configs}
    return analyse_files(
        jobs,
        processes=settings.extract_processes,
        timeout_s=settings.decode_timeout_s,
        known_versions=patiently(lambda: known_versions(store, versions)),
        are_copies_known=True,
        until=until,
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
