"""Closes an extraction run and says what it did."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from earwise.errors import ExtractionRunError
from earwise.extraction.directory import refresh_directory
from earwise.extraction.following import LONGEST_WAIT, follow_aliases
from earwise.extraction.planning import pending_files
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What an extraction run did, and what the library holds after it.

    Attributes
    ----------
    analysed, decoded : int
        Files that became tracks, and those of them that were listened to for it.
    failures : dict of str to int
        Files quarantined in this run, by code.
    left : int
        Files that still wait, because a batch failed.
    ready : int
        Tracks in the library.
    quarantined : int
        Files in quarantine.
    """

    analysed: int
    decoded: int
    failures: Mapping[str, int]
    left: int
    ready: int
    quarantined: int
    seconds: float

    @property
    def figures(self) -> dict[str, object]:
        """All of it as plain values, for an asset event."""
        return asdict(self) | {"failures": dict(self.failures)}


def report_run(
    store: Store,
    roots: tuple[Root, ...],
    config: MfccConfig,
    run_id: str,
    now: datetime,
    *,
    within: LibraryPath | None = None,
) -> RunReport:
    """Record the end of a run, bring the lists of the library up to date and sum the run up.

    Parameters
    ----------
    within : LibraryPath or None
        What the run was limited to.

    Raises
    ------
    ExtractionRunError
        If no such run was planned.
    StoreError
        If the store does not answer; what was written stands, and all of it can be done again.
    """
    run = store.extraction_runs.get(run_id)
    if run is None:
        raise ExtractionRunError(f"No extraction run {run_id!r} was planned.")
    left = sum(1 for _ in pending_files(store, roots, config, within))
    store.extraction_runs.finish(run_id, now, left=left)
    if within is None:
        follow_aliases(store, before=now - LONGEST_WAIT if left else None)
    refresh_directory(store)
    failed = sum(run.failures.values())
    report = RunReport(
        analysed=run.done - failed,
        decoded=run.decoded,
        failures=run.failures,
        left=left,
        ready=store.tracks.count_ready(),
        quarantined=store.quarantine.count(),
        seconds=round((now - run.began_at).total_seconds(), 1),
    )
    log.info(
        "run done: %d analysed, %d decoded, %d quarantined, %d left; the library has %d tracks",
        report.analysed,
        report.decoded,
        failed,
        report.left,
        report.ready,
        extra=fields(run_id=run_id, feature_version=config.feature_version, seconds=report.seconds),
    )
    return report
