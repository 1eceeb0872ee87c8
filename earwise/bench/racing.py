"""Lets contestants analyse the same files in turns, each in one process on the same core."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from earwise.bench import contestants

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


class Contestant:
    """A process that analyses files in one way; a context manager that ends it."""

    def __init__(self, name: str, python: Path, core: int) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [str(python), str(Path(contestants.__file__)), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
            text=True,
        )
        # Libraries that ask how many cores there are start that many threads.
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(self._process.pid, {core})

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
        """Seconds that a file took; None where it could not be analysed."""
        if self._process.stdin is None or self._process.poll() is not None:
            return None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(str(path)) + "\n")
            self._process.stdin.flush()
        return self._hear().get("seconds")

    def _hear(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        heard: dict[str, float] = json.loads(line) if line else {}
        return heard


def race(
    files: Sequence[Path], pythons: Mapping[str, Path], rounds: int, say: Callable[[str], None]
) -> dict[str, float | None]:
    """Files a second of each contestant; None of one that can't begin.

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
        return dict.fromkeys(pythons)
    rates = {name: _rate([times[file] for file in counted]) for name, times in seconds.items()}
    return {name: rates.get(name) for name in pythons}


def race_together(name: str, files: Sequence[Path], processes: int) -> float:
    """Files a second of several processes of one contestant, each on a core of its own."""
    cores = available_cores()
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(Contestant(name, Path(sys.executable), cores[number % len(cores)]))
            for number in range(processes)
        ]
        for contestant in running:
            contestant.is_ready()
            contestant.analyse(files[0])

        def work(number: int) -> None:
            for file in files[number::processes]:
                running[number].analyse(file)

        began = time.perf_counter()
        with ThreadPoolExecutor(processes) as threads:
            list(threads.map(work, range(processes)))
        return len(files) / (time.perf_counter() - began)


def available_cores() -> list[int]:
    """The cores that this process may use."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:
        return list(range(os.cpu_count() or 1))


@contextmanager
def _start(pythons: Mapping[str, Path]) -> Iterator[list[Contestant]]:
    core = available_cores()[0]
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(Contestant(name, python, core)) for name, python in pythons.items()]
        yield [contestant for contestant in started if contestant.is_ready()]


def _rate(times: Sequence[Sequence[float | None]]) -> float:
    return len(times) / sum(statistics.median(second or 0.0 for second in rounds) for rounds in times)
