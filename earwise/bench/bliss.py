"""bliss's vectors of a library's tracks, to compare what lies near by them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from earwise.bench.others import bench_python
from earwise.errors import TrackError
from earwise.paths import LibraryPath
from earwise.ranking.metric import Matrix
from earwise.root import Root
from earwise.roots.opening import local_copy
from earwise.store import Store

_BATCH = 1_000
# Reads a path from each line and answers with its vector; bliss panics where it can't read a file.
_SCRIPT = """\
import json, sys
from bliss_audio import Song
for line in sys.stdin:
    try:
        vector = list(Song(json.loads(line)).analysis)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        vector = None
    print(json.dumps(vector), flush=True)
"""


def bliss_vectors(
    store: Store, roots: tuple[Root, ...], track_ids: Sequence[str], say: Callable[[str], None]
) -> Matrix | None:
    """Vectors of tracks as bliss computes them.

    Returns
    -------
    ndarray [shape=(n, m), dtype=float32] or None
        Not numbers for a file that bliss can't read; None where bliss can't be installed, or can read none.
    """
    python = bench_python(say)
    if python is None:
        return None
    say(f"bliss listens to {len(track_ids)} tracks …")
    with subprocess.Popen(
        [str(python), "-c", _SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "RUST_BACKTRACE": "0"},
    ) as listener:
        answers = [_ask(listener, file, roots) for file in _first_files(store, track_ids)]
        listener.terminate()
    length = max((len(answer) for answer in answers if answer), default=0)
    if not length:
        return None
    return np.array([answer or [np.nan] * length for answer in answers], np.float32)


def _ask(listener: subprocess.Popen[str], file: LibraryPath | None, roots: tuple[Root, ...]) -> list[float] | None:
    if file is None or listener.stdin is None or listener.stdout is None:
        return None
    try:
        with local_copy(file, roots) as location:
            print(json.dumps(os.fsdecode(location)), file=listener.stdin, flush=True)
            answer = listener.stdout.readline()
    except (TrackError, BrokenPipeError):
        return None
    vector: list[float] | None = json.loads(answer or "null")
    return vector


def _first_files(store: Store, track_ids: Sequence[str]) -> Iterator[LibraryPath | None]:
    for start in range(0, len(track_ids), _BATCH):
        batch = track_ids[start : start + _BATCH]
        tracks = store.tracks.get_many(batch)
        for track_id in batch:
            yield tracks[track_id].files[0].location if track_id in tracks else None
