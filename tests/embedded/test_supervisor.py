"""A real supervisord: starts, restarts and stops what it is given."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwise.embedded.processes import IDENTITY_VARIABLE, end_processes, find_processes, identity
from earwise.embedded.programs import Program
from earwise.embedded.stack import stop_stack
from earwise.embedded.supervisor import Supervisor, socket_path
from earwise.errors import EarwiseError

SLEEPER = (sys.executable, "-c", "import time; print('100% up', flush=True); time.sleep(120)")
FAILING = (sys.executable, "-c", "import sys; sys.exit('no')")


@pytest.fixture(params=["short", "long " + "and deep " * 12])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A home with a space in its path, whose processes are ended afterwards."""
    folder = tmp_path / request.param.strip() / "a home"
    folder.mkdir(parents=True)
    yield folder
    end_processes(folder, grace_s=1)


@pytest.fixture
def supervisor(home: Path) -> Supervisor:
    """A started process manager with two programs, one of which always fails."""
    supervisor = Supervisor(home)
    programs = [Program("mongo", SLEEPER), Program("failing", FAILING), Program("web", SLEEPER)]
    supervisor.start(programs, {**os.environ, IDENTITY_VARIABLE: identity(home)})
    return supervisor


def wait_for(condition: Callable[[], bool], limit_s: float = 15) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_parts_start_only_when_asked_and_log_to_the_home(supervisor: Supervisor, home: Path) -> None:
    assert {part.state for part in supervisor.parts()} == {"STOPPED"}
    supervisor.start_part("web")
    wait_for(lambda: (home / "logs" / "web.log").read_text() == "100% up\n")
    assert supervisor.part("mongo").state == "STOPPED"


def test_killed_part_is_started_again(supervisor: Supervisor) -> None:
    supervisor.start_part("web")
    wait_for(lambda: supervisor.part("web").is_running)
    first = supervisor.part("web").pid
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.part("web").pid not in (0, first))


def test_part_that_can_not_start_is_seen(supervisor: Supervisor) -> None:
    supervisor.start_part("failing")
    wait_for(lambda: supervisor.part("failing").state == "BACKOFF")


def test_stopping_ends_every_process_of_the_home(supervisor: Supervisor, home: Path) -> None:
    for name in ("mongo", "web"):
        supervisor.start_part(name)
    stop_stack(home)
    assert find_processes(home) == []
    assert not supervisor.is_up()
    assert not socket_path(home).exists()


def test_stopping_works_when_the_manager_itself_was_killed(supervisor: Supervisor, home: Path) -> None:
    supervisor.start_part("web")
    # Before it has said so, it does not yet carry the home's mark, or dies of saying it to nobody.
    wait_for(lambda: (home / "logs" / "web.log").read_text() == "100% up\n")
    os.kill(int((home / "supervisor.pid").read_text()), signal.SIGKILL)
    wait_for(lambda: not supervisor.is_up())
    assert stop_stack(home) >= 1
    assert find_processes(home) == []


def test_a_manager_that_does_not_run_says_so(tmp_path: Path) -> None:
    assert not Supervisor(tmp_path).is_up()
    with pytest.raises(EarwiseError, match="does not answer"):
        Supervisor(tmp_path).parts()
