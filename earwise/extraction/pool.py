"""Worker processes that analyse files: one that hangs or crashes costs the file it was at, and is replaced.

The workers are plain subprocesses: a daemonic process, such as a Celery worker's, may not have others; they start
from a fresh interpreter, not from a fork of a process with threads, and never import the parent's main module.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait

from earwise.errors import BrokenDecoderError, OutOfMemoryError, ProcessKilledError, TrackError
from earwise.extraction.link import START_TIMEOUT_S, KnownVersions, Link
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.recordings import Recordings
from earwise.paths import LibraryPath

# So often a file is begun whose process is ended from outside, or fails for memory that others may have left behind.
_MOST_TRIES = 3
_MOST_KILLED_STARTS = 5


def longest_outcome_s(timeout_s: float, fetching_s: float = 0.0) -> float:
    """Seconds after which the first outcome comes at the latest, where fetching a file may take so long.

    Each try has its time anew once the recording is known.

    >>> longest_outcome_s(120.0, 60.0)
    1260.0
    """
    return _MOST_TRIES * (START_TIMEOUT_S + fetching_s + 2 * timeout_s)


def analyse_files(
    jobs: Sequence[Job],
    *,
    processes: int,
    timeout_s: float,
    known_versions: Callable[[str], frozenset[str]],
    are_copies_known: bool = False,
    until: float = math.inf,
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    """Analyse files in worker processes; outcomes come as they are ready.

    Parameters
    ----------
    timeout_s : float
        Seconds after which a file is given up and its process ended.
    known_versions : callable
        The feature versions in which a recording has been measured already, by ``audio_id``; called in this process.
    are_copies_known : bool
        Whether a recording of which another copy is among these files counts as measured once that one is.
    until : float
        When to end although files are left, by the monotonic clock. One outcome comes in any case, so that whoever
        tries again and again gets on.

    Raises
    ------
    BrokenDecoderError
        If workers do not start.
    """
    waiting, tries, killed_starts = deque(jobs), Counter[LibraryPath](), 0
    recordings = Recordings(known_versions)
    ask: KnownVersions = recordings.known_versions if are_copies_known else lambda audio_id, _: known_versions(audio_id)
    links: list[Link] = []
    end = math.inf
    try:
        links = [Link(timeout_s) for _ in range(min(max(processes, 1), len(jobs)))]
        while busy := [link for link in links if link.is_starting or link.job]:
            if time.monotonic() >= end:
                return
            for link in _wait_for_news(busy, end):
                job, outcome = link.job, link.attend(ask)
                if outcome is not None:
                    killed_starts = 0
                if job is not None and outcome is not None:
                    recordings.settle(job, outcome)
                    for other in links:
                        other.answer(ask)
                    tries[job.file] += 1
                    if tries[job.file] < _MOST_TRIES and _may_be_innocent(outcome, link):
                        waiting.append(job)
                        job = None
                if link.has_ended:
                    killed_starts += link.is_starting
                    if killed_starts >= _MOST_KILLED_STARTS:
                        raise BrokenDecoderError("Decoding processes are killed while they start, again and again.")
                    links.remove(link)
                    if waiting:
                        links.append(Link(timeout_s))
                elif link.is_idle and waiting:
                    # The next file is under way before the outcome of the last is stored.
                    link.begin(waiting.popleft())
                if job is not None and outcome is not None:
                    end = until
                    yield job, outcome
    finally:
        for link in links:
            link.end()


def _wait_for_news(busy: Sequence[Link], end: float) -> Iterator[Link]:
    """Those that have something to say, and those whose time is up; none when all of it is over."""
    remaining_s = max(0.0, min(end, *(link.deadline for link in busy)) - time.monotonic())
    ready = set(wait([link.connection for link in busy], remaining_s))
    for link in busy:
        if link.connection in ready or link.deadline <= time.monotonic():
            yield link


def _may_be_innocent(outcome: Analysis | TrackError, link: Link) -> bool:
    """Whether the failure may be due to something else than the file."""
    return isinstance(outcome, ProcessKilledError) or (isinstance(outcome, OutOfMemoryError) and link.files > 1)
