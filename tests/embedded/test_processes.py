"""Processes of a home are found by the variable that they carry, and only those are ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from earwise.embedded.processes import IDENTITY_VARIABLE, end_processes, find_processes, identity

SLEEPER = "import time; print('up', flush=True); time.sleep(120)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
RENAMED = "import setproctitle; setproctitle.setproctitle('x' * 4000); " + SLEEPER
PARENT_OF_ORPHAN = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
os._exit(0)
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Python program that belongs to a home, and waits until it is up."""
    started = []

    def run(code: str, home: Path = tmp_path) -> subprocess.Popen[bytes]:
        environ = {**os.environ, IDENTITY_VARIABLE: identity(home), "SPT_NOENV": "1"}
        process = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE)
        started.append(process)
        process.line = process.stdout.readline()
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def start_orphan(start: Start) -> int:
    """The id of a process whose parent has ended."""
    parent = start(PARENT_OF_ORPHAN)
    parent.wait()
    return int(parent.line)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def pids(home: Path) -> set[int]:
    return {process.pid for process in find_processes(home)}


def test_process_of_this_home_is_found_and_that_of_another_is_not(tmp_path: Path, start: Start) -> None:
    ours, other = start(SLEEPER), start(SLEEPER, tmp_path / "other")
    assert pids(tmp_path) == {ours.pid}
    assert pids(tmp_path / "other") == {other.pid}


def test_only_the_processes_of_this_home_are_ended(tmp_path: Path, start: Start) -> None:
    ours, other = start(SLEEPER), start(SLEEPER, tmp_path / "other")
    assert end_processes(tmp_path) == 1
    assert not is_alive(ours.pid)
    assert is_alive(other.pid)


def test_process_that_renames_itself_is_found(tmp_path: Path, start: Start) -> None:
    renamed = start(RENAMED)
    assert pids(tmp_path) == {renamed.pid}


def test_process_that_does_not_listen_is_killed(tmp_path: Path, start: Start) -> None:
    stubborn = start(STUBBORN)
    began = time.monotonic()
    assert end_processes(tmp_path, grace_s=0.3) == 1
    assert not is_alive(stubborn.pid)
    assert time.monotonic() - began < 4


def test_orphan_is_found_and_ended(tmp_path: Path, start: Start) -> None:
    orphan = start_orphan(start)
    assert pids(tmp_path) == {orphan}
    assert end_processes(tmp_path) == 1
    assert not is_alive(orphan)


def test_orphans_are_ended_while_the_manager_and_its_children_are_spared(tmp_path: Path, start: Start) -> None:
    manager, orphan = start(SLEEPER), start_orphan(start)
    assert end_processes(tmp_path, spared=manager.pid) == 1
    assert is_alive(manager.pid)
    assert not is_alive(orphan)


def test_nothing_to_end_takes_no_time(tmp_path: Path) -> None:
    began = time.monotonic()
    assert end_processes(tmp_path) == 0
    assert time.monotonic() - began < 3
