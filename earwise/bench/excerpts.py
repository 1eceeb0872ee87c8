"""``./run bench excerpts``: what a policy of excerpts costs, and how well the vectors it gives tell tracks apart.

Quality is how often the nearest track comes from the same folder, by the metric that recommendations are made with;
and how many of the ten nearest are those that the vectors of whole tracks give.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earwise.bench.extract import find_files
from earwise.errors import EarwiseError, TrackError
from earwise.evaluation.measures import TOP, Lists, as_lists, overlap, precision
from earwise.features.config import MfccConfig
from earwise.features.decode import decode_track
from earwise.features.mfcc import summarise
from earwise.ranking.catalogue import Rows
from earwise.ranking.layout import summary_layout
from earwise.ranking.neighbours import Ranking, queries_of, rank_neighbours
from earwise.ranking.preparation import TagNames, fit, make_catalogue

SHIPPED = MfccConfig()
_WHOLE = replace(SHIPPED, longest_whole_s=1e6)


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """What one policy gave.

    Attributes
    ----------
    policy : str
        Excerpts and their seconds, and the hop where it is another than the shipped one.
    audio_s : float
        Mean seconds of audio analysed of a track.
    cpu_ms : float
        Mean time of the processor to decode and analyse a track.
    p_at_1, p_at_5 : float
        Share of the nearest one, and of the nearest five, that come from the track's own folder.
    overlap : float
        Share of the ten nearest that whole tracks have too.
    """

    policy: str
    audio_s: float
    cpu_ms: float
    p_at_1: float
    p_at_5: float
    overlap: float


def policies() -> dict[str, MfccConfig]:
    """The configurations that are compared: the rows of docs/benchmarks/extraction.md, whole tracks first."""
    compared = {"whole tracks": _WHOLE, "whole tracks, hop 1024": replace(_WHOLE, hop_length=1024)}
    for count, length_s in ((3, 10.0), (6, 5.0), (8, 5.0), (12, 2.0), (20, 1.0), (24, 1.0), (30, 1.0), (40, 0.5)):
        compared[f"{count} × {length_s:g} s"] = replace(SHIPPED, excerpts=count, excerpt_s=length_s)
    compared["30 × 1 s, hop 1024"] = replace(SHIPPED, excerpts=30, hop_length=1024)
    return compared


def bench_excerpts(library: Path, say: Callable[[str], None]) -> list[PolicyFigures]:
    """Analyse a library by each policy; folders are what belongs together.

    Raises
    ------
    EarwiseError
        If fewer than two folders hold two tracks each.
    """
    files = [file for file, _ in find_files(library)]
    beside = Counter(file.parent for file in files)
    files = [file for file in files if beside[file.parent] > 1]
    if len({file.parent for file in files}) < 2:
        raise EarwiseError("To tell folders apart takes two of them, with two tracks each.")
    analysed = _analyse_all(files, policies(), say)
    folders = np.unique([str(file.parent) for file in analysed[0].files], return_inverse=True)[1]
    whole = _nearest(analysed[0])
    return [_judge(policy, _nearest(policy), whole, folders) for policy in analysed]


def as_table(figures: Sequence[PolicyFigures]) -> str:
    """The figures as a table in Markdown."""
    rows = [
        f"| {one.policy} | {one.audio_s:.0f} | {one.cpu_ms:.0f} | {one.p_at_1:.3f} | {one.p_at_5:.3f} | "
        f"{one.overlap:.2f} |"
        for one in figures
    ]
    head = "| policy | audio a track, s | CPU a track, ms | P@1 | P@5 | ten nearest as of whole tracks |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def as_json(figures: Sequence[PolicyFigures]) -> str:
    """The figures as one JSON array."""
    return json.dumps([asdict(one) for one in figures])


@dataclass(frozen=True, slots=True)
class _Analysed:
    name: str
    files: list[Path]
    vectors: NDArray[np.float32]
    audio_s: float
    cpu_s: float


def _analyse_all(files: Sequence[Path], configs: dict[str, MfccConfig], say: Callable[[str], None]) -> list[_Analysed]:
    """Every file by every policy in turns, so that what else the machine does falls on all alike."""
    rows: list[list[NDArray[np.float32]]] = []
    kept: list[Path] = []
    audio_s, cpu_s = np.zeros(len(configs)), np.zeros(len(configs))
    for number, file in enumerate(files):
        if number % 50 == 0:
            say(f"{number} of {len(files)} tracks")
        with contextlib.suppress(TrackError):
            found = [_analyse(file, config) for config in configs.values()]
            rows.append([vector for vector, _, _ in found])
            audio_s += [seconds for _, seconds, _ in found]
            cpu_s += [seconds for _, _, seconds in found]
            kept.append(file)
    return [
        _Analysed(
            name,
            kept,
            np.array([row[number] for row in rows]),
            float(audio_s[number]) / len(kept),
            float(cpu_s[number]) / len(kept),
        )
        for number, name in enumerate(configs)
    ]


def _analyse(file: Path, config: MfccConfig) -> tuple[NDArray[np.float32], float, float]:
    began = time.process_time()
    audio = decode_track(bytes(file), [config])
    vector = summarise(audio.excerpts_for(config), config)
    return vector, audio.decoded_s, time.process_time() - began


def _nearest(policy: _Analysed) -> Lists:
    """The ten nearest of each track, ranked as recommendations are; tags are not asked."""
    track_ids = [str(file) for file in policy.files]
    metric, reference = fit(policy.vectors, track_ids, summary_layout(policy.vectors.shape[1]))
    nobody = [""] * len(track_ids)
    catalogue = make_catalogue(metric, reference, policy.vectors, track_ids, TagNames(nobody, nobody))
    queries = queries_of(catalogue, np.arange(len(catalogue)))
    return as_lists(rank_neighbours(metric, queries, catalogue, Ranking(TOP, is_exhaustive=True)), TOP)


def _judge(policy: _Analysed, nearest: Lists, whole: Lists, folders: Rows) -> PolicyFigures:
    everyone = np.arange(len(folders))
    return PolicyFigures(
        policy.name,
        round(policy.audio_s, 1),
        round(1000 * policy.cpu_s, 1),
        round(precision(nearest[:, :1], folders, everyone) or 0.0, 3),
        round(precision(nearest[:, :5], folders, everyone) or 0.0, 3),
        round(overlap(nearest, whole) or 0.0, 3),
    )
