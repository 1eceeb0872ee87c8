"""What further cores gain: one process and as many as there are cores, of extraction and of decoding alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from earwise.bench.memory import peak_rss_mb
from earwise.bench.racing import race_together
from earwise.errors import EarwiseError, TrackError
from earwise.extraction.messages import Job
from earwise.extraction.pool import analyse_files
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root

_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """Medians of a few rounds.

    Attributes
    ----------
    all_cores_per_s : float
        Files a second of extraction's workers, one on each core.
    decoding, extraction : float
        Rate of all cores by the rate of one, of the same round.
    peak_rss_mb : float
        The most memory that a worker process held, in MB of 10^6 bytes.
    """

    all_cores_per_s: float
    decoding: float
    extraction: float
    peak_rss_mb: float


def measure_scaling(files: Sequence[Path], cores: int, rounds: int, say: Callable[[str], None]) -> Scaling:
    """One process and all cores in turns, so that what the machine does besides meets all of them."""
    decoding, extraction, rates, peaks = [], [], [], []
    for number in range(rounds):
        say(f"one core and all: round {number + 1} of {rounds}")
        floor, floors = (race_together("floor", files, processes) for processes in (1, cores))
        (alone, _), (together, peak) = (run_pool(files, processes) for processes in (1, cores))
        decoding.append(floors / floor)
        extraction.append(together / alone)
        rates.append(together)
        peaks.append(peak)
    return Scaling(statistics.median(rates), statistics.median(decoding), statistics.median(extraction), max(peaks))


def run_pool(files: Sequence[Path], processes: int) -> tuple[float, float]:
    """Files a second of extraction's own worker processes, from when all work until the last is done; peak memory."""
    roots, configs = (Root("bench", Path("/")),), (MfccConfig(),)
    jobs = [Job(LibraryPath("bench", bytes(file).lstrip(b"/")), roots, configs) for file in files]
    began, done, peak = 0.0, 0, 0.0
    outcomes = analyse_files(
        jobs, processes=processes, timeout_s=_TIMEOUT_S, known_versions=lambda audio_id: frozenset()
    )
    for _, outcome in outcomes:
        if isinstance(outcome, TrackError):
            continue
        done += 1
        if done == processes:
            began = time.perf_counter()
        if done % 50 == 0:
            peak = max(peak, _workers_peak_mb())
    if done <= processes:
        raise EarwiseError("The benchmark could not analyse a single file.")
    return (done - processes) / (time.perf_counter() - began), peak


def _workers_peak_mb() -> float:
    return max((peak_rss_mb(worker.pid) for worker in psutil.Process().children()), default=0.0)
