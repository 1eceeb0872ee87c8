"""Worker processes that analyse files: one that hangs or crashes costs the file it was at, and is replaced.

The workers are plain subprocesses: a daemonic process, such as a Celery worker's, may not have others; they start
from a fresh interpreter, not from a fork of a process with threads, and never import the parent's main module.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait

from earwise.errors import BrokenDecoderError, DecodeError, DecodeTimeoutError, TrackError
from earwise.extraction.analysis import Analysis
from earwise.extraction.messages import Job, Question, Ready

_START_TIMEOUT_S = 120.0
# One process, one core: the numeric libraries' own threads would only take turns.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
WORKER_COMMAND = (sys.executable, "-m", "earwise.extraction.worker")


def analyse_files(
    jobs: Sequence[Job],
    *,
    processes: int,
    timeout_s: float,
    is_known: Callable[[str], bool],
) -> Iterator[tuple[Job, Analysis | TrackError]]:
    """Analyse files in worker processes; outcomes come as they are ready.

    Parameters
    ----------
    timeout_s : float
        Seconds after which a file is given up and its process ended.
    is_known : callable
        Whether a recording has features already, by ``audio_id``; called in this process.

    Raises
    ------
    BrokenDecoderError
        If a worker does not start.
    """
    waiting = list(reversed(jobs))
    workers: list[_Worker] = []
    try:
        workers = [_Worker(timeout_s) for _ in range(min(max(processes, 1), len(jobs)))]
        while busy := [worker for worker in workers if worker.is_starting or worker.job]:
            remaining_s = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
            ready = set(wait([worker.connection for worker in busy], remaining_s))
            for worker in busy:
                if worker.connection in ready:
                    job, outcome = worker.receive(is_known)
                elif worker.deadline <= time.monotonic():
                    job, outcome = worker.give_up()
                else:
                    continue
                if worker.has_ended:
                    workers.remove(worker)
                    if waiting:
                        workers.append(_Worker(timeout_s))
                elif worker.is_idle and waiting:
                    # The next file is under way before the outcome of the last is stored.
                    worker.begin(waiting.pop())
                if job is not None and outcome is not None:
                    yield job, outcome
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """The parent's side of one worker process."""

    def __init__(self, timeout_s: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            self._process = subprocess.Popen(
                [*WORKER_COMMAND, str(descriptor)],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
            )
        self.connection = Connection(ours.detach())
        self.job: Job | None = None
        self.is_starting = True
        self.has_ended = False
        self.deadline = time.monotonic() + _START_TIMEOUT_S
        self._timeout_s = timeout_s

    @property
    def is_idle(self) -> bool:
        return self.job is None and not self.is_starting

    def begin(self, job: Job) -> None:
        self.job, self.deadline = job, time.monotonic() + self._timeout_s
        # Should it have died meanwhile, reading from it will say so.
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def receive(self, is_known: Callable[[str], bool]) -> tuple[Job | None, Analysis | TrackError | None]:
        try:
            message = self.connection.recv()
            if isinstance(message, Question):
                self.connection.send(is_known(message.audio_id))
                return None, None
        except (EOFError, OSError):
            return self._explain_end()
        if isinstance(message, Ready):
            self.is_starting = False
            return None, None
        return self._take_job(), message

    def give_up(self) -> tuple[Job | None, TrackError]:
        if self.is_starting:
            raise BrokenDecoderError(f"A decoding process did not start within {_START_TIMEOUT_S:.0f} s.")
        self.end()
        return self._take_job(), DecodeTimeoutError(f"Not decoded within {self._timeout_s:.0f} s.")

    def end(self) -> None:
        self.has_ended = True
        self._process.kill()
        self._process.wait()
        self.connection.close()

    def _explain_end(self) -> tuple[Job | None, TrackError]:
        status = self._wait_for_end()
        self.end()
        if self.is_starting:
            raise BrokenDecoderError(f"A decoding process ended while it started, {status}; its output is in the log.")
        return self._take_job(), DecodeError(f"The decoder crashed on this file ({status}).", code="decoder_crash")

    def _wait_for_end(self) -> str:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"

    def _take_job(self) -> Job | None:
        job, self.job = self.job, None
        return job
