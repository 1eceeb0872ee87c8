"""Progress of a batch, for people: in the log with rate and time left, and in the run's document."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from earwise.log import fields
from earwise.store import Store

log = logging.getLogger(__name__)

_EVERY_S = 3.0


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch's files; those that an earlier attempt had finished are not counted again."""

    analysed: int
    decoded: int
    failures: Mapping[str, int]
    seconds: float


class Progress:
    """Counts the files of one batch, and writes the counts down every few seconds."""

    def __init__(self, store: Store, run_id: str, total: int) -> None:
        self._store, self._run_id, self._total = store, run_id, total
        self._started = self._written = time.monotonic()
        self._analysed = self._decoded = 0
        self._failures = Counter[str]()
        self._unwritten = Counter[str]()
        self._unwritten_failures = Counter[str]()

    def add_analysed(self, *, was_decoded: bool) -> None:
        """Count a file that became a track."""
        self._analysed += 1
        self._decoded += was_decoded
        self._unwritten.update(done=1, decoded=int(was_decoded))
        self._write_sometimes()

    def add_failed(self, code: str) -> None:
        """Count a file that went to quarantine."""
        self._failures[code] += 1
        self._unwritten.update(done=1)
        self._unwritten_failures[code] += 1
        self._write_sometimes()

    def finish(self) -> BatchReport:
        """Write down what is left to write and return the totals."""
        self._write()
        seconds = time.monotonic() - self._started
        report = BatchReport(self._analysed, self._decoded, dict(self._failures), round(seconds, 1))
        log.info(
            "batch done: %d analysed, %d decoded, %d quarantined in %.1f s",
            report.analysed,
            report.decoded,
            self._failures.total(),
            seconds,
            extra=fields(run_id=self._run_id),
        )
        return report

    def _write_sometimes(self) -> None:
        if time.monotonic() - self._written >= _EVERY_S:
            self._write()
            done = self._analysed + self._failures.total()
            rate = done / (time.monotonic() - self._started)
            log.info(
                "%d of %d files, %.1f a second, %.0f s left",
                done,
                self._total,
                rate,
                (self._total - done) / rate,
                extra=fields(run_id=self._run_id),
            )

    def _write(self) -> None:
        if self._unwritten["done"]:
            self._store.extraction_runs.add_progress(
                self._run_id,
                done=self._unwritten["done"],
                decoded=self._unwritten["decoded"],
                failures=self._unwritten_failures,
            )
        self._unwritten.clear()
        self._unwritten_failures.clear()
        self._written = time.monotonic()
