"""Lets contestants analyse the same files in turns, each in one process on the same core."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from earwise.bench import contestants
from earwise.cores import usable_cores

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a race went.

    Attributes
    ----------
    files : list of Path
        The files that count: every contestant analysed them in every round.
    rates : dict of str to float or None
        Files a second of each contestant; None of one that can't begin.
    """

    files: list[Path]
    rates: Mapping[str, float | None]


class Contestant:
    """A process that analyses files in one way; a context manager that ends it."""

    def __init__(self, name: str, python: Path, core: int) -> None:
        self.name = name
        self._python, self._core = python, core
        self._first: Path | None = None  # that it could analyse
        self._process = self._start()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def is_ready(self) -> bool:
        """Wait until it can begin; whether it can at all."""
        return "ready" in self._hear()

    def analyse(self, path: Path) -> float | None:
        """Seconds that a file took; None where it could not be analysed. A process that a file ended is replaced."""
        if self._process.poll() is not None and not self._begin_again():
            return None
        seconds = self._ask(path)
        if seconds is not None and self._first is None:
            self._first = path
        return seconds

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(self._python), str(Path(contestants.__file__)), self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
            text=True,
        )
        # Libraries that ask how many cores there are start that many threads.
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(process.pid, {self._core})
        return process

    def _begin_again(self) -> bool:
        self._process.communicate()
        self._process = self._start()
        is_ready = self.is_ready()
        if is_ready and self._first is not None:
            self._ask(self._first)  # loads what it loads when first used
        return is_ready

    def _ask(self, path: Path) -> float | None:
        if self._process.stdin is None:
            return None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(str(path)) + "\n")
            self._process.stdin.flush()
        return self._hear().get("seconds")

    def _hear(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.kill()
            self._process.wait()
        heard: dict[str, float] = json.loads(line) if line else {}
        return heard


def race(files: Sequence[Path], pythons: Mapping[str, Path], rounds: int, say: Callable[[str], None]) -> Result:
    """Have every contestant analyse every file, in turns.

    The time of a file is the median of all rounds, and a file that one of them can't analyse counts for none.

    Parameters
    ----------
    pythons : dict of str to Path
        The contestants' names, and the Python that each runs on.
    """
    with _start(pythons) as running:
        seconds: dict[str, dict[Path, list[float | None]]] = {
            contestant.name: {file: [] for file in files} for contestant in running
        }
        for contestant in running:
            contestant.analyse(files[0])  # loads what it loads when first used
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}: {', '.join(seconds)}")
            for file in files:
                for contestant in running:
                    seconds[contestant.name][file].append(contestant.analyse(file))
    counted = [file for file in files if all(None not in times[file] for times in seconds.values())]
    if not counted:
        return Result([], dict.fromkeys(pythons))
    rates = {name: _rate([times[file] for file in counted]) for name, times in seconds.items()}
    return Result(counted, {name: rates.get(name) for name in pythons})


def race_together(name: str, files: Sequence[Path], processes: int) -> float:
    """Files a second of several processes of one contestant, each on a core of its own.

    They take what is next from one queue, as extraction's workers do: a share for each would be over when the slowest
    is. Counted is from when each has done one file until the last is done.
    """
    cores, waiting, ended = usable_cores(), deque(files), list[float]()
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(Contestant(name, Path(sys.executable), cores[number % len(cores)]))
            for number in range(processes)
        ]
        for contestant in running:
            contestant.is_ready()
            contestant.analyse(files[0])

        def work(contestant: Contestant) -> None:
            with contextlib.suppress(IndexError):  # nothing waits any more
                while True:
                    contestant.analyse(waiting.popleft())
                    ended.append(time.perf_counter())

        with ThreadPoolExecutor(processes) as threads:
            list(threads.map(work, running))
    return (len(ended) - processes) / (ended[-1] - ended[processes - 1])


@contextmanager
def _start(pythons: Mapping[str, Path]) -> Iterator[list[Contestant]]:
    core = usable_cores()[0]
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(Contestant(name, python, core)) for name, python in pythons.items()]
        yield [contestant for contestant in started if contestant.is_ready()]


def _rate(times: Sequence[Sequence[float | None]]) -> float:
    return len(times) / sum(statistics.median(second or 0.0 for second in rounds) for rounds in times)
