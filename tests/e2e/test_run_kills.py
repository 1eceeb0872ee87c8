"""``./run`` goes on where any of its processes was killed, and ends where an undisturbed start does."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from earwise.embedded.home_store import open_home_store
from earwise.embedded.processes import end_processes, find_processes
from earwise.settings import Settings
from tests.e2e.machine import Machine, make_library, make_machine, wait_for, wait_until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1_200)]

PARTS = ("mongo", "airflow-scheduler", "airflow-api-server", "airflow-dag-processor", "web", "supervisord", "run")
STAGES = ("Analysing tracks", "Training")
type State = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of all machines here."""
    folder = tmp_path_factory.mktemp("library")
    make_library(folder)
    return folder


@pytest.fixture
def machine(library: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing was ever started; nothing of it runs afterwards."""
    yield make_machine(tmp_path / "home", library)
    end_processes(tmp_path / "home", grace_s=2)


@pytest.fixture(scope="module")
def undisturbed(library: Path, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What a start leaves behind of which nothing is killed."""
    machine = make_machine(tmp_path_factory.mktemp("undisturbed") / "home", library)
    try:
        answer = machine.run("--once", "--json")
    finally:
        end_processes(machine.home, grace_s=2)
    assert answer.returncode == 0, answer.stderr
    state = final_state(machine)
    assert (len(state["tracks"]), len(state["features"]), len(state["quarantine"])) == (60, 60, 4)
    return state


def final_state(machine: Machine) -> State:
    """What is known of the library, but for when it was written and how often it was tried."""
    settings = Settings.from_env(machine.environment)
    with open_home_store(settings) as (_, store):
        database = store.client[settings.mongo_database]
        return {
            name: [_lasting(document) for document in database[name].find().sort("_id", 1)]
            for name in ("tracks", "features", "quarantine", "folders", "aliases")
        }


def _lasting(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "attempts" and not isinstance(value, datetime)}


def start_until(machine: Machine, stage: str) -> subprocess.Popen[str]:
    """A start that has come to this stage."""
    process = machine.start()
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(stage):
            break
    threading.Thread(target=process.communicate, daemon=True).start()
    return process


def end_with_all_of_it(machine: Machine, undisturbed: State) -> None:
    again = machine.run("--once", "--json")
    assert again.returncode == 0, again.stderr
    document = json.loads(again.stdout)
    assert (document["tracks"], document["quarantined"]) == (60, 4)
    assert len(document["recommendations"]) == 3
    machine.run("stop")
    assert find_processes(machine.home) == []
    assert final_state(machine) == undisturbed


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("victim", PARTS)
def test_start_after_a_kill_in_the_middle_of_the_work_ends_with_all_of_it(
    machine: Machine, undisturbed: State, victim: str, stage: str
) -> None:
    first = start_until(machine, stage)
    time.sleep(random.Random(victim + stage).uniform(0, 8))
    if victim == "run":
        first.kill()
    elif victim == "supervisord":
        os.kill(int((machine.home / "supervisor.pid").read_text()), signal.SIGKILL)
    else:
        killed = machine.pid_of(victim)
        assert killed
        os.kill(killed, signal.SIGKILL)
    end_with_all_of_it(machine, undisturbed)


def task_of_batch(home: Path) -> psutil.Process | None:
    """The task that analyses a batch: the parent of the processes that decode."""
    for process in find_processes(home):
        with contextlib.suppress(psutil.Error):
            if "earwise.extraction.worker" in process.cmdline():
                return process.parent()
    return None


def tries_of_batch(home: Path) -> int:
    """How often the batch was begun, as Airflow counts."""
    with contextlib.closing(sqlite3.connect(f"file:{home / 'airflow' / 'airflow.db'}?mode=ro", uri=True)) as connection:
        (tries,) = connection.execute("SELECT max(try_number) FROM task_instance WHERE task_id = 'extract'").fetchone()
    return int(tries)


def test_task_that_is_killed_in_the_middle_of_its_batch_is_tried_again_and_the_same_start_ends_with_all_of_it(
    machine: Machine, undisturbed: State
) -> None:
    first = start_until(machine, STAGES[0])
    killed: list[psutil.Process] = []

    def kill() -> bool:
        if (task := task_of_batch(machine.home)) is not None:
            task.kill()
            killed.append(task)
        return bool(killed)

    wait_for(kill)
    wait_until_ready(first, machine, limit_s=500)
    assert tries_of_batch(machine.home) == 2
    end_with_all_of_it(machine, undisturbed)
