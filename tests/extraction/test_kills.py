"""Whatever is killed whenever, later runs end where an undisturbed one ends: nothing twice, nothing lost."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mutagen
import psutil
import pytest

from earwise.store import Store
from earwise.store.client import open_store_at
from tests.audio import write_tone
from tests.extraction.server import OwnServer

SCRIPT = Path(__file__).with_name("whole_run.py")
BROKEN = 4
# Of its time: which process did it, when it was written, how often it was tried.
_FLEETING = {"updated_at", "files_per_s", "attempts", "is_broken_off"}


def write_library(folder: Path, files: int) -> Path:
    """Three folders of tracks, one of them twice, and files that can't become tracks."""
    for number in range(files):
        (folder / f"{number % 3}").mkdir(parents=True, exist_ok=True)
        suffix = (".wav", ".flac", ".mp3")[number % 3]
        write_tone(folder / f"{number % 3}" / f"{number:02d}{suffix}", number, duration_s=1.2)
    tagged = mutagen.File(folder / "2" / "02.mp3", easy=True)
    tagged.update({"title": "Twice", "artist": "Somebody", "album": "Both"})
    tagged.save()
    shutil.copy(folder / "2" / "02.mp3", folder / "2" / "copy.mp3")
    for number in range(BROKEN):
        (folder / "1" / f"broken {number}.mp3").write_text(f"words {number}")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path)
    server.start()
    yield server
    server.stop()


class Run:
    """One process that runs the whole of an extraction."""

    def __init__(self, server: OwnServer, database: str, library: Path, run_id: str, slowness_s: float = 0.1) -> None:
        command = [sys.executable, str(SCRIPT), server.uri, database, str(library), run_id]
        environment = os.environ | {"SLOWNESS_S": str(slowness_s)}
        self.log = library.parent / "runs.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def finish(self, timeout_s: float = 240.0) -> int:
        return self.process.wait(timeout_s)

    def kill_worker(self, rng: random.Random) -> bool:
        with contextlib.suppress(psutil.Error):
            if workers := psutil.Process(self.process.pid).children():
                rng.choice(workers).kill()
                return True
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def final_state(uri: str, database: str) -> dict[str, Any]:
    """Every document of every collection, without what is of its time."""
    with open_store_at(uri, database) as store:
        selected = store.client[database]
        state: dict[str, Any] = {
            name: [_lasting(document) for document in selected[name].find().sort("_id", 1)]
            for name in sorted(selected.list_collection_names())
            if name != "extraction_runs"
        }
        return state | {"extraction_runs": _sum_of_runs(store, database)}


def _lasting(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _FLEETING}


def _sum_of_runs(store: Store, database: str) -> dict[str, Any]:
    """What all runs have done together, if every one of them was closed."""
    found = [store.extraction_runs.get(run["_id"]) for run in store.client[database]["extraction_runs"].find()]
    runs = [run for run in found if run is not None]
    assert all(run.finished_at for run in runs)
    failures = sum((Counter(run.failures) for run in runs), Counter[str]())
    return {"done": sum(run.done for run in runs), "failures": dict(failures)}


def kill_until_it_is_done(server: OwnServer, database: str, library: Path, rng: random.Random, most: int) -> int:
    """Kill what comes up until a run ends in peace; how many kills that took."""
    kills, number = 0, 0
    run = Run(server, database, library, "run 0")
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if run.finish(rng.uniform(0.3, 4.0) if kills < most else 240.0) == 0:
                return kills
            # It gave up, as a task does whose store is away for too long: the scheduler would try it again.
            run = Run(server, database, library, f"run {number}")
            continue
        victim = rng.choice(("run", "worker", "store"))
        if victim == "worker":
            kills += run.kill_worker(rng)
        elif victim == "store":
            server.kill()
            kills += 1
            server.start()
        else:
            run.kill()
            kills += 1
            number += rng.randrange(2)  # the same run again, or the next one
            run = Run(server, database, library, f"run {number}")


@pytest.mark.parametrize(
    ("files", "most", "seed"),
    [
        pytest.param(12, 3, 1, id="some"),
        pytest.param(48, 24, 2, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_killed_at_random_moments_it_ends_where_an_undisturbed_run_does(
    server: OwnServer, tmp_path: Path, files: int, most: int, seed: int
) -> None:
    library = write_library(tmp_path / "library", files)
    assert Run(server, "undisturbed", library, "run 0", slowness_s=0).finish() == 0
    undisturbed = final_state(server.uri, "undisturbed")
    assert (len(undisturbed["tracks"]), len(undisturbed["quarantine"])) == (files, BROKEN)
    rng, kills, rounds = random.Random(seed), 0, 0
    while kills < most:
        rounds += 1
        kills += kill_until_it_is_done(server, f"round_{rounds}", library, rng, min(most - kills, 8))
        assert final_state(server.uri, f"round_{rounds}") == undisturbed, (rounds, kills)


@pytest.mark.parametrize(
    "away_s", [pytest.param(3.0, id="seconds"), pytest.param(65.0, id="minute", marks=pytest.mark.slow)]
)
def test_store_that_goes_away_delays_the_run_and_does_not_fail_it(
    server: OwnServer, tmp_path: Path, away_s: float
) -> None:
    library = write_library(tmp_path / "library", 12)
    run = Run(server, "delayed", library, "run 0", slowness_s=0.3)
    wait_until_it_extracts(run, server, "delayed")
    server.stop()
    time.sleep(away_s)
    server.start()
    assert run.finish() == 0, run.log.read_text("utf-8")[-3000:]
    with open_store_at(server.uri, "delayed") as store:
        assert store.tracks.count_ready() == 12
        assert store.quarantine.count() == BROKEN
        assert store.extraction_runs.get("run 0").done == 12 + 1 + BROKEN


def wait_until_it_extracts(run: Run, server: OwnServer, database: str) -> None:
    with open_store_at(server.uri, database) as store:
        while not store.client[database]["features"].count_documents({}):
            assert run.process.poll() is None
            time.sleep(0.1)
