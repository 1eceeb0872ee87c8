"""Progress of a batch and of its run, for people: in the log with rate and time left, and in the run's document."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from earwise.errors import TrackError
from earwise.extraction.messages import Analysis
from earwise.extraction.patience import patiently
from earwise.log import fields
from earwise.store import Store
from earwise.store.extraction_runs import Counts

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
    """Counts the files of one batch, and writes the counts down every few seconds.

    Parameters
    ----------
    total : int
        Files in the batch.
    earlier : Counts
        What earlier attempts at the batch have done.
    longest_fetch_s : float
        Seconds that fetching one of the files may take.
    """

    def __init__(
        self, store: Store, run_id: str, number: int, total: int, earlier: Counts, longest_fetch_s: float = 0.0
    ) -> None:
        self._store, self._run_id, self._number, self._total = store, run_id, number, total
        self._earlier, self._longest_fetch_s = earlier, longest_fetch_s
        self._started = time.monotonic()
        self._analysed = self._decoded = 0
        self._failures = Counter[str]()
        self._write()

    def add(self, analyses: Collection[Analysis], failures: Collection[TrackError]) -> None:
        """Count files that became tracks and files that did not."""
        self._analysed += len(analyses)
        self._decoded += sum(bool(analysis.vectors) for analysis in analyses)
        self._failures.update(error.code for error in failures)
        if time.monotonic() - self._written >= _EVERY_S:
            self._write(self._rate if self._done else None)
            self._log_progress()

    def forget_failures(self, failures: Iterable[TrackError]) -> None:
        """Take back what failed and was not stored: those files stay as they were, and the batch is over."""
        self._failures -= Counter(error.code for error in failures)
        self._write()

    def finish(self) -> BatchReport:
        """Write down what is left to write and return the totals."""
        self._write()
        seconds = time.monotonic() - self._started
        report = BatchReport(self._analysed, self._decoded, dict(self._failures), round(seconds, 1))
        log.info(
            "batch done: %d analysed, %d decoded, %d quarantined%s in %.1f s",
            report.analysed,
            report.decoded,
            self._failures.total(),
            _list_codes(self._failures),
            seconds,
            extra=fields(run_id=self._run_id),
        )
        return report

    @property
    def _counts(self) -> Counts:
        return self._earlier + Counts(self._done, self._decoded, self._failures)

    @property
    def _done(self) -> int:
        return self._analysed + self._failures.total()

    @property
    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started, 0.001)

    def _log_progress(self) -> None:
        run = patiently(lambda: self._store.extraction_runs.get(self._run_id))
        batch = _describe(self._counts, self._total, self._rate)
        whole = _describe(run.counts, run.planned, run.files_per_s) if run else "not known any more"
        log.info("batch %d: %s; run: %s", self._number + 1, batch, whole, extra=fields(run_id=self._run_id))

    def _write(self, files_per_s: float | None = None) -> None:
        now = datetime.now(UTC)
        put = partial(
            self._store.extraction_runs.put_progress, self._run_id, self._number, self._counts, files_per_s, now
        )
        patiently(partial(put, longest_fetch_s=self._longest_fetch_s))
        self._written = time.monotonic()


def _describe(counts: Counts, total: int, files_per_s: float | None) -> str:
    """How far something is.

    >>> _describe(Counts(10, 8, {"silent": 1}), 40, 0.1)
    '10 of 40 files, 0.1 a second, 5 min left, 1 failed (silent 1)'
    """
    parts = [f"{counts.done} of {total} files"]
    if files_per_s:
        parts += [f"{files_per_s:.1f} a second", f"{_describe_time((total - counts.done) / files_per_s)} left"]
    parts.append(f"{sum(counts.failures.values())} failed{_list_codes(counts.failures)}")
    return ", ".join(parts)


def _list_codes(failures: Mapping[str, int]) -> str:
    """Failures by code, the most frequent first, in brackets.

    >>> _list_codes({"silent": 1, "truncated": 3}), _list_codes({})
    (' (truncated 3, silent 1)', '')
    """
    codes = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    return f" ({', '.join(f'{code} {count}' for code, count in codes)})" if codes else ""


def _describe_time(seconds: float) -> str:
    """A time that is left, as people say it.

    >>> _describe_time(42.4), _describe_time(3 * 60 + 20), _describe_time(2 * 3600 + 300)
    ('42 s', '3 min', '2 h 5 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
