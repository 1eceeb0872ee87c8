"""``./run bench extract``: tracks a second of extraction, beside decoding alone and what others do with the files."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from earwise.bench.clips import make_clips, repeat_clips
from earwise.bench.dag_path import DagFigures, bench_dag_path
from earwise.bench.others import OTHERS, bench_python
from earwise.bench.racing import race
from earwise.bench.scaling import measure_scaling, run_pool
from earwise.cores import usable_cores
from earwise.embedded.demo import DemoLibrary
from earwise.embedded.progress import Progress
from earwise.errors import EarwiseError, TrackError
from earwise.features.decode import read_duration_s
from earwise.library.scan import walk_root
from earwise.root import Root
from earwise.settings import Settings

_ROUNDS = 3
# The marks are for tracks of three to five minutes; a library has others.
_FULL_LENGTH_S = (180.0, 300.0)
_CLIPS_UNDER_S = 45.0
_FEWEST_JOBS = 300
_FOR_PEOPLE = ("decoding_scaling", "earwise_scaling", "identity_share")


@dataclass(frozen=True, slots=True)
class ExtractFigures:
    """What was measured on one set of files.

    Attributes
    ----------
    tracks : int
        Files that every contestant analysed in turns.
    median_s : float
        Median of their lengths.
    floor_tracks_per_s : float
        Decoding the whole file, on one core.
    librosa_tracks_per_s, bliss_tracks_per_s, essentia_tracks_per_s : float or None
        What others do with the same files on the same core; None where they can't be installed.
    earwise_tracks_per_s, all_cores_tracks_per_s : float
        Identity, tags and features in one process, and in as many as there are cores.
    dag_tracks_per_s, dag_overhead_s : float or None
        The whole path through Airflow with stored documents, and what it takes longer than all cores without it.
    worker_peak_rss_mb : float
        The most memory that a worker process held, in MB of 10^6 bytes.
    decoding_scaling, earwise_scaling : float
        Rate of as many processes as there are cores by the rate of one, each measured in the same way; medians.
    identity_share : float
        Of the time that Earwise takes for a file in one process, what telling it from all others takes.
    """

    tracks: int
    median_s: float
    floor_tracks_per_s: float
    librosa_tracks_per_s: float
    bliss_tracks_per_s: float | None
    essentia_tracks_per_s: float | None
    earwise_tracks_per_s: float
    all_cores_tracks_per_s: float
    dag_tracks_per_s: float | None
    dag_overhead_s: float | None
    worker_peak_rss_mb: float
    decoding_scaling: float
    earwise_scaling: float
    identity_share: float

    @property
    def kind(self) -> str:
        """``clips`` or ``full_length``."""
        return "clips" if self.median_s < _CLIPS_UNDER_S else "full_length"

    def as_dict(self) -> dict[str, float | None]:
        """The figures by name; scaling and shares are for people."""
        figures = asdict(self)
        for name in _FOR_PEOPLE:
            del figures[name]
        return figures

    def as_text(self) -> str:
        """The figures as a few lines for people."""
        rates = (self.floor_tracks_per_s, self.librosa_tracks_per_s, self.bliss_tracks_per_s)
        times = [f"{self.earwise_tracks_per_s / rate:.2f}" if rate else "?" for rate in rates]
        lines = [
            f"{self.tracks} {self.kind.replace('_', '-')} files of {self.median_s:.0f} s; tracks a second on one core:",
            f"  decoding alone {self.floor_tracks_per_s:.2f}, plain librosa {self.librosa_tracks_per_s:.2f}, "
            f"bliss {_or_unknown(self.bliss_tracks_per_s)}, Essentia {_or_unknown(self.essentia_tracks_per_s)}, "
            f"Earwise {self.earwise_tracks_per_s:.2f}",
            f"  Earwise is {times[0]} times decoding alone, {times[1]} times librosa, {times[2]} times bliss",
            f"  on all cores {self.all_cores_tracks_per_s:.2f}: {3600 * self.all_cores_tracks_per_s:,.0f} an hour; "
            f"{self.earwise_scaling:.2f} times one core, decoding alone {self.decoding_scaling:.2f} times",
            f"  telling a recording from all others takes {self.identity_share:.1%} of a track's time; "
            f"a worker held at most {self.worker_peak_rss_mb:.0f} MB",
        ]
        if self.dag_tracks_per_s is not None and self.dag_overhead_s is not None:
            share = self.dag_tracks_per_s / self.all_cores_tracks_per_s
            lines.append(
                f"  through Airflow into MongoDB {self.dag_tracks_per_s:.2f}, {share:.0%} of all cores; "
                f"{self.dag_overhead_s:.0f} s more"
            )
        return "\n".join(lines)


def bench_extract(
    settings: Settings,
    library: Path | None,
    progress: Progress,
    say: Callable[[str], None],
    *,
    with_dag: bool,
    sample: int,
    clips: int,
) -> list[ExtractFigures]:
    """Measure a library; without one, the demo library's full-length tracks and clips that are made of them.

    Parameters
    ----------
    with_dag : bool
        Whether the path through Airflow is measured too.
    sample : int
        How many files the contestants analyse in turns, spread over the library.
    clips : int
        How many clips go through Airflow where they are made here.

    Raises
    ------
    EarwiseError
        If the library holds no file that can be analysed.
    """
    if library is not None:
        return [_bench_files(find_files(library), library if with_dag else None, sample, progress, say)]
    demo = DemoLibrary(settings, progress)
    demo.begin()
    demo.finish()
    tracks = find_files(demo.root.folder)
    full = [(track, length_s) for track, length_s in tracks if _FULL_LENGTH_S[0] <= length_s <= _FULL_LENGTH_S[1]]
    measured = [_bench_files(full or tracks, None, sample, progress, say)]
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as folder:
        say("making clips")
        originals, repeated = Path(folder) / "originals", Path(folder) / "repeated"
        originals.mkdir()
        repeated.mkdir()
        made = make_clips(_spread([track for track, _ in tracks], sample), originals)
        if with_dag:
            repeat_clips(made, clips, repeated)
        files = [(clip, read_duration_s(bytes(clip))) for clip in made]
        measured.append(_bench_files(files, repeated if with_dag else None, sample, progress, say))
    return measured


def print_json(measured: Sequence[ExtractFigures]) -> str:
    """All figures as one JSON object."""
    return json.dumps({figures.kind: figures.as_dict() for figures in measured})


def find_files(library: Path) -> list[tuple[Path, float]]:
    """The audio files of a folder and their lengths; those whose header can't be read are left out."""
    root = Root("bench", library)
    found = []
    for folder in walk_root(root, (root,)):
        for name in sorted(folder.files):
            location = folder.location.child(name).locate((root,))
            with contextlib.suppress(TrackError):
                found.append((Path(location.decode(errors="surrogateescape")), read_duration_s(location)))
    return found


def _bench_files(
    found: Sequence[tuple[Path, float]],
    dag_library: Path | None,
    sample: int,
    progress: Progress,
    say: Callable[[str], None],
) -> ExtractFigures:
    if not found:
        raise EarwiseError("No file was found there whose length could be read.")
    chosen = _spread(list(found), sample)
    files = [file for file, _ in chosen]
    pythons = {name: Path(sys.executable) for name in ("floor", "librosa", "identity", "earwise")}
    if others := bench_python(say):
        pythons |= dict.fromkeys(OTHERS, others)
    result = race(files, pythons, _ROUNDS, say)
    rates, length_of = result.rates, dict(chosen)
    floor, earwise, plain, identity = (rates[name] or 0.0 for name in ("floor", "earwise", "librosa", "identity"))
    if not floor or not earwise or not identity:
        raise EarwiseError("The benchmark could not analyse a single file.")
    if len(result.files) < len(files):
        say(f"{len(files) - len(result.files)} of {len(files)} files count for none: not everybody can analyse them")
    cores = len(usable_cores())
    together = list(result.files) * -(-_FEWEST_JOBS // len(result.files))
    scaling = measure_scaling(together, cores, _ROUNDS, say)
    all_cores, dag = scaling.all_cores_per_s, None
    if dag_library is not None:
        dag, all_cores = _bench_dag(dag_library, cores, progress, say)
    return ExtractFigures(
        tracks=len(result.files),
        median_s=round(statistics.median(length_of[file] for file in result.files), 1),
        floor_tracks_per_s=round(floor, 3),
        librosa_tracks_per_s=round(plain, 3),
        bliss_tracks_per_s=_rounded(rates.get("bliss")),
        essentia_tracks_per_s=_rounded(rates.get("essentia")),
        earwise_tracks_per_s=round(earwise, 3),
        all_cores_tracks_per_s=round(all_cores, 3),
        dag_tracks_per_s=_rounded(dag.tracks / dag.seconds if dag else None),
        dag_overhead_s=_rounded(_overhead_s(dag, all_cores) if dag else None),
        worker_peak_rss_mb=round(scaling.peak_rss_mb, 1),
        decoding_scaling=round(scaling.decoding, 3),
        earwise_scaling=round(scaling.extraction, 3),
        identity_share=round(earwise / identity, 4),
    )


def _bench_dag(library: Path, cores: int, progress: Progress, say: Callable[[str], None]) -> tuple[DagFigures, float]:
    """The path through Airflow, and files a second of workers alone on the same files.

    A library of gigabytes is read from the disk, unlike a few files that are analysed again and again; how much of it
    the system keeps depends on what read it last, so the workers come before and after.
    """
    files = [file for file, _ in find_files(library)]
    before, _ = run_pool(files, cores)
    dag = bench_dag_path(library, progress, say)
    after, _ = run_pool(files, cores)
    say(f"workers alone, before and after: {before:.2f} and {after:.2f} tracks a second")
    return dag, statistics.mean((before, after))


def _spread[T](items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly spread.

    >>> _spread(list(range(10)), 5), _spread([1, 2], 5)
    ([0, 2, 4, 6, 8], [1, 2])
    """
    count = min(most, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def _overhead_s(dag: DagFigures, all_cores: float) -> float:
    return dag.seconds - dag.tracks / all_cores


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _or_unknown(rate: float | None) -> str:
    return "?" if rate is None else f"{rate:.2f}"
