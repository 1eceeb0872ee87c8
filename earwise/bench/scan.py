"""``./run bench scan``: a scan of a library in which nothing has changed, beside a bare walk over the same files.

Each is timed in a process of its own, which reports its time and the most memory it ever held.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path

from earwise.bench.memory import own_peak_rss_mb
from earwise.bench.temporary_store import temporary_store
from earwise.extraction.scanning import scan_library
from earwise.features.config import MfccConfig
from earwise.library.scan import FoundFolder, walk_root
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store, open_store
from earwise.store.folders import FileEntry, Folder

FILES_A_FOLDER, _FOLDERS_AN_ARTIST = 20, 10
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What was measured.

    Attributes
    ----------
    files : int
        Files of the library, 20 in each folder.
    scan_s, walk_floor_s : float
        Median of three rounds: a scan that finds nothing new, and a walk that looks at every file's size and time.
    peak_rss_mb : float
        The most memory that a scan's process held, in MB of 10^6 bytes.
    """

    files: int
    scan_s: float
    walk_floor_s: float
    peak_rss_mb: float

    def as_json(self) -> str:
        """All figures as one JSON object."""
        return json.dumps(asdict(self))

    def as_text(self) -> str:
        """All figures as one line for people."""
        return (
            f"{self.files:,} files: scan {self.scan_s:.2f} s, bare walk {self.walk_floor_s:.2f} s "
            f"({self.scan_s / self.walk_floor_s:.1f} times), at most {self.peak_rss_mb:.0f} MB"
        )


def bench_scan(files: int, say: Callable[[str], None]) -> ScanFigures:
    """Make a library of empty files, record it as analysed, and time scan and walk in turns.

    Parameters
    ----------
    say : callable
        Takes a line for people about what is being done.
    """
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as folder, temporary_store(Settings()) as settings:
        root = Root("music", Path(folder))
        say(f"making {files:,} empty files")
        _make_library(root.folder, files)
        say("recording them as analysed")
        with open_store(settings) as store:
            _record(store, root)
        walks, scans = [], []
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            walks.append(_measure("walk", root, settings))
            scans.append(_measure("scan", root, settings))
    return ScanFigures(
        files=files,
        scan_s=round(statistics.median(run["seconds"] for run in scans), 3),
        walk_floor_s=round(statistics.median(run["seconds"] for run in walks), 3),
        peak_rss_mb=round(max(run["peak_rss_mb"] for run in scans), 1),
    )


def _make_library(folder: Path, files: int) -> None:
    for number, tracks in enumerate(batched(range(files), FILES_A_FOLDER)):
        album = folder / f"Artist {number // _FOLDERS_AN_ARTIST:05}" / f"Album {number % _FOLDERS_AN_ARTIST:02}"
        album.mkdir(parents=True)
        for place, track in enumerate(tracks, 1):
            (album / f"{place:02} - A track of some name {track:07}.mp3").touch()


def _record(store: Store, root: Root) -> None:
    for folders in batched(walk_root(root, (root,)), 200):
        store.folders.put_many([_analysed(folder) for folder in folders if folder.files])


def _analysed(folder: FoundFolder) -> Folder:
    version = MfccConfig().feature_version
    return Folder(
        folder.location,
        {
            name: FileEntry(file.size_bytes, file.mtime_ns, version, os.urandom(16).hex())
            for name, file in folder.files.items()
        },
    )


def _measure(what: str, root: Root, settings: Settings) -> dict[str, float]:
    command = [sys.executable, "-m", "earwise.bench.scan", what, str(root.folder), settings.store_uri]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    measured: dict[str, float] = json.loads(ended.stdout)
    return measured


def _main(what: str, folder: str, store_uri: str) -> None:
    settings = Settings(mongo_uri=store_uri, library=(Root("music", Path(folder)),))
    if what == "walk":
        began = time.perf_counter()
        _walk(os.fsencode(folder))
    else:
        with open_store(settings) as store:
            store.ping()
            began = time.perf_counter()
            report = scan_library(store, settings.library, datetime.now(UTC))
            if report.added or report.changed or report.vanished:
                raise RuntimeError(f"The library was to be as it was recorded: {report.counts}")
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_rss_mb": own_peak_rss_mb()}))


def _walk(folder: bytes) -> None:
    """The least that looks at every file: one listing of each folder, one ``stat`` of each file."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _walk(entry.path)
            else:
                entry.stat()


if __name__ == "__main__":
    _main(*sys.argv[1:])
