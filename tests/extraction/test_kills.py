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
import numpy as np
import psutil
import pytest

from earwise.store import Store
from earwise.store.client import open_store_at
from tests.audio import make_tone, write_audio, write_tone
from tests.extraction.conftest import NOW
from tests.extraction.server import OwnServer

SCRIPT = Path(__file__).with_name("whole_run.py")
BROKEN = 4
FATES = ("moved", "renamed", "tagged", "gone", "other", "encoded", "broken", "mended")
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


def kill_until_it_is_done(
    server: OwnServer, database: str, library: Path, rng: random.Random, most: int, *, name: str = "run"
) -> int:
    """Kill what comes up until a run ends in peace; how many kills that took.

    The indexes stand before the first run begins, as `./run` sees to: a server that is killed while it builds one
    keeps a part of it, and answers by that part until the next start of `./run` builds it anew.
    """
    with open_store_at(server.uri, database) as store:
        store.create_indexes()
    kills, number = 0, 0
    run = Run(server, database, library, f"{name} 0")
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if run.finish(rng.uniform(0.3, 4.0) if kills < most else 240.0) == 0:
                return kills
            # It gave up, as a task does whose store is away for too long: the scheduler would try it again.
            run = Run(server, database, library, f"{name} {number}")
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
            run = Run(server, database, library, f"{name} {number}")


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


def write_tagged(path: Path, number: int, title: str, *, loudness: float = 1.0) -> None:
    """Write a track whose tags say what it is."""
    write_audio(path, (loudness * make_tone(1.2, pitch_hz=90.0 + number)).astype(np.float32))
    tagged = mutagen.File(path, easy=True)
    tagged.update({"title": title, "artist": "Somebody"})
    tagged.save()


def write_known(folder: Path, files: int) -> None:
    """What the first run finds: of each fate some files, which `change_all` brings about."""
    write_library(folder, files)
    for number in range(files // 12):
        for place, fate in enumerate(FATES):
            (folder / fate).mkdir(exist_ok=True)
            write_tagged(folder / fate / f"{number}.flac", 100 * number + 10 * place, f"{fate} {number}")
        (folder / "mended" / f"{number}.flac").write_text(f"words to mend {number}")


def change_all(folder: Path, files: int) -> None:
    """What people do to a library between two runs."""
    for number in range(files // 12):
        name = f"{number}.flac"
        (folder / "aside").mkdir(exist_ok=True)
        (folder / "moved" / name).rename(folder / "aside" / name)
        (folder / "renamed" / name).rename(folder / "renamed" / f"renamed {number}.flac")
        tagged = mutagen.File(folder / "tagged" / name, easy=True)
        tagged["title"] = "Tagged anew " * 50
        tagged.save()
        (folder / "gone" / name).unlink()
        write_tagged(folder / "other" / name, 1000 + number, "another recording")
        again = 100 * number + 10 * FATES.index("encoded")
        write_tagged(folder / "encoded" / name, again, f"encoded {number}", loudness=0.5)
        (folder / "broken" / name).write_text(f"words that broke it {number}")
        write_tagged(folder / "mended" / name, 2000 + number, f"mended {number}")
    write_tagged(folder / "new.flac", 3000, "new")


def copy_database(server: OwnServer, source: str, target: str) -> None:
    with open_store_at(server.uri, source) as store:
        for name in store.client[source].list_collection_names():
            if documents := list(store.client[source][name].find()):
                store.client[target][name].insert_many(documents)


def rate_all(server: OwnServer, database: str) -> int:
    """Give every track that is there stars; how many that are."""
    with open_store_at(server.uri, database) as store:
        rated = list(store.tracks.ready_ids())
        for number, track_id in enumerate(rated):
            store.ratings.set_stars("ann", track_id, 1 + number % 5, NOW)
        return len(rated)


@pytest.mark.parametrize(
    ("files", "most", "seed"),
    [
        pytest.param(12, 3, 3, id="some"),
        pytest.param(36, 24, 4, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_later_run_killed_at_random_moments_ends_where_an_undisturbed_one_does(
    server: OwnServer, tmp_path: Path, files: int, most: int, seed: int
) -> None:
    library = tmp_path / "library"
    write_known(library, files)
    assert Run(server, "known", library, "run 0", slowness_s=0).finish() == 0
    assert rate_all(server, "known") == files + 7 * (files // 12)
    change_all(library, files)
    copy_database(server, "known", "undisturbed")
    assert Run(server, "undisturbed", library, "later 0", slowness_s=0).finish() == 0
    undisturbed = final_state(server.uri, "undisturbed")
    assert len(undisturbed["aliases"]) == files // 12
    rng, kills, rounds = random.Random(seed), 0, 0
    while kills < most:
        rounds += 1
        copy_database(server, "known", f"later_{rounds}")
        some = min(most - kills, 6)
        kills += kill_until_it_is_done(server, f"later_{rounds}", library, rng, some, name="later")
        assert final_state(server.uri, f"later_{rounds}") == undisturbed, (rounds, kills)


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
