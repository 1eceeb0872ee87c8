"""The parent's side of one worker process: starts it, gives it files, and says what became of them."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from earwise.errors import (
    BrokenDecoderError,
    DecoderCrashError,
    DecodeTimeoutError,
    OutOfMemoryError,
    ProcessKilledError,
    TrackError,
)
from earwise.extraction.limits import count_memory_kills
from earwise.extraction.messages import Analysis, Job, Question, Ready

#: Seconds that a process may take to start.
START_TIMEOUT_S = 120.0
_END_TIMEOUT_S = 5.0
_FROM_OUTSIDE = frozenset((-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP))
# One process, one core: the numeric libraries' own threads would only take turns.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
# The feature versions in which a recording, by its audio_id, is measured already; None while that is being found out.
type KnownVersions = Callable[[str, Job], frozenset[str] | None]
WORKER_COMMAND = (sys.executable, "-m", "earwise.extraction.worker")


class Link:
    """A worker process and the connection to it.

    Attributes
    ----------
    job : Job or None
        The file that it is at.
    files : int
        How many files it was given.
    question : Question or None
        What it asked and nobody could answer yet.
    deadline : float
        When it is given up, by the monotonic clock.
    """

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
        self.question: Question | None = None
        self.files = 0
        self.is_starting = True
        self.has_ended = False
        self.deadline = time.monotonic() + START_TIMEOUT_S
        self._timeout_s = self._given_s = timeout_s
        self._memory_kills = 0

    @property
    def is_idle(self) -> bool:
        """Whether it could be given a file."""
        return self.job is None and not self.is_starting

    def begin(self, job: Job) -> None:
        """Give it a file."""
        self.job, self.files, self._memory_kills = job, self.files + 1, count_memory_kills()
        self._restart_clock(job.fetching_s)
        # Should it have died meanwhile, reading from it will say so.
        with contextlib.suppress(OSError):
            self.connection.send(job)

    def answer(self, known_versions: KnownVersions) -> None:
        """Answer what it asked, if that can be said by now; its time stands still until then."""
        if self.question is None or self.job is None:
            return
        versions = known_versions(self.question.audio_id, self.job)
        if versions is None:
            self.deadline = math.inf
            return
        self.question = None
        # The store, or another process, may have kept this one waiting for longer than a file may take.
        self._restart_clock()
        # Should it have died meanwhile, reading from it will say so.
        with contextlib.suppress(OSError):
            self.connection.send(versions)

    def attend(self, known_versions: KnownVersions) -> Analysis | TrackError | None:
        """Hear it, or end it when its time is up; what became of its file once that is known.

        Raises
        ------
        BrokenDecoderError
            If it does not start.
        """
        try:
            if not self.connection.poll():
                return self._give_up()
            message = self.connection.recv()
            if isinstance(message, Question):
                self.question = message
                self.answer(known_versions)
                return None
        except (EOFError, OSError):
            return self._explain_end()
        if isinstance(message, Ready):
            self.is_starting = False
            return None
        self.job = None
        if isinstance(message, OutOfMemoryError):
            self.end()  # what filled its memory may still be there
        outcome: Analysis | TrackError = message
        return outcome

    def end(self) -> None:
        """Kill the process and close the connection.

        One that hangs in the kernel, on a disk or a server that went away, dies when that answers; nobody waits for it.
        """
        self.has_ended, self.question = True, None
        self._process.kill()
        if self._wait_for_end() is None:
            threading.Thread(target=self._process.wait, name="reaper", daemon=True).start()
        self.connection.close()

    def _restart_clock(self, fetching_s: float = 0.0) -> None:
        self._given_s = self._timeout_s + fetching_s
        self.deadline = time.monotonic() + self._given_s

    def _give_up(self) -> TrackError:
        if self.is_starting:
            raise BrokenDecoderError(f"A decoding process did not start within {START_TIMEOUT_S:.0f} s.")
        self.end()
        self.job = None
        return DecodeTimeoutError(f"Not decoded within {self._given_s:.0f} s.")

    def _explain_end(self) -> TrackError | None:
        status = self._wait_for_end()
        self.end()
        if self.is_starting and status in _FROM_OUTSIDE:
            return None
        if self.is_starting:
            raise BrokenDecoderError(
                f"A decoding process ended while it started, {_describe(status)}; its output is in the log."
            )
        self.job = None
        if status in _FROM_OUTSIDE:
            return self._explain_kill(status)
        return DecoderCrashError(f"The decoder crashed on this file ({_describe(status)}).")

    def _explain_kill(self, status: int | None) -> ProcessKilledError:
        if count_memory_kills() > self._memory_kills:
            code, reason = OutOfMemoryError.code, "the system was out of memory"
        else:
            code, reason = ProcessKilledError.code, "nobody knows why"
        message = f"Each process that was at this file was killed ({_describe(status)}): {reason}."
        return ProcessKilledError(message, code=code)

    def _wait_for_end(self) -> int | None:
        try:
            return self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return None


def _describe(status: int | None) -> str:
    if status is None:
        return "it closed its connection"
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
