"""``./run`` as a user meets it: the whole job, staying, crashes and mistakes, in a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from earwise.embedded.processes import end_processes, find_processes
from tests.conftest import free_port
from tests.e2e.machine import Machine, make_library, make_machine, wait_for, wait_until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that all tests of this module share."""
    folder = tmp_path_factory.mktemp("library")
    make_library(folder)
    return folder


@pytest.fixture(scope="module")
def machine(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine that the quick tests share, in their order; nothing of it runs afterwards."""
    home = tmp_path_factory.mktemp("machine") / "home"
    yield make_machine(home, library)
    end_processes(home, grace_s=2)


@pytest.fixture(scope="module")
def once(machine: Machine) -> dict[str, Any]:
    """The result of ``./run --once --json`` on the fresh machine."""
    answer = machine.run("--once", "--json")
    assert answer.returncode == 0, answer.stderr
    assert len(answer.stdout.splitlines()) == 1, "one JSON object and nothing else belongs on stdout"
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_once_gives_the_documented_object(once: dict[str, Any]) -> None:
    assert set(once) == {"tracks", "quarantined", "seconds", "silhouette", "k", "recommendations"}
    assert set(once["seconds"]) == {"install", "extract", "train", "total"}
    assert once["seconds"]["total"] >= once["seconds"]["extract"] + once["seconds"]["train"] > 0
    assert len(once["recommendations"]) == 3
    for entry in once["recommendations"]:
        assert set(entry) == {"track", "neighbours"}
        assert len(entry["neighbours"]) == 5
        distances = [near["distance"] for near in entry["neighbours"]]
        assert distances == sorted(distances)
        assert entry["track"] not in [near["track"] for near in entry["neighbours"]]


def test_every_track_is_analysed_and_every_broken_file_is_quarantined(once: dict[str, Any]) -> None:
    assert once["tracks"] == 60
    assert once["quarantined"] == 4


def test_silhouette_is_told_for_every_k_and_the_chosen_one_is_among_them(once: dict[str, Any]) -> None:
    assert len(once["silhouette"]) >= 3
    assert all(-1 <= value <= 1 for value in once["silhouette"].values())
    assert str(once["k"]) in once["silhouette"]


def test_neighbours_are_mostly_of_the_same_style(once: dict[str, Any]) -> None:
    pairs = [
        (entry["track"]["title"].split()[0], near["track"]["title"].split()[0])
        for entry in once["recommendations"]
        for near in entry["neighbours"]
    ]
    assert sum(one == other for one, other in pairs) >= 0.8 * len(pairs)


def test_once_leaves_no_process(once: dict[str, Any], machine: Machine) -> None:
    assert find_processes(machine.home) == []
    assert machine.status()["running"] is False


@pytest.fixture(scope="module")
def staying(once: dict[str, Any], machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """A second start, which stays."""
    process = machine.start()
    wait_until_ready(process, machine)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def web_answers(machine: Machine) -> bool:
    try:
        return httpx.get(f"{machine.status()['web_url']}/health", timeout=5).is_success
    except httpx.HTTPError:
        return False


def test_staying_start_serves_web_app_and_airflow(staying: subprocess.Popen[str], machine: Machine) -> None:
    status = machine.status()
    assert {part["name"]: part["state"] for part in status["parts"]} == dict.fromkeys(
        ("mongo", "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "web"),
        "running",
    )
    assert httpx.get(f"{status['web_url']}/health").is_success
    assert httpx.get(f"{status['airflow_url']}/api/v2/monitor/health").is_success


def test_servers_listen_on_this_machine_alone(staying: subprocess.Popen[str], machine: Machine) -> None:
    listening = [
        connection.laddr.ip
        for process in find_processes(machine.home)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert set(listening) == {"127.0.0.1"}


def test_start_beside_a_running_one_prints_where_everything_is(
    staying: subprocess.Popen[str], machine: Machine
) -> None:
    answer = machine.run()
    assert answer.returncode == 0, answer.stderr
    secrets = json.loads((machine.home / "secrets.json").read_text())
    assert f"http://127.0.0.1:{machine.environment['EARWISE_WEB_PORT']}" in answer.stdout
    assert secrets["admin_password"] in answer.stdout
    assert secrets["airflow_password"] in answer.stdout
    assert "60 tracks; in quarantine: 4" in answer.stdout


def test_logs_of_a_part_and_of_a_dag_can_be_read(staying: subprocess.Popen[str], machine: Machine) -> None:
    assert "gunicorn" in machine.run("logs", "web").stdout
    assert machine.run("logs", "extract_features").stdout
    answer = machine.run("logs", "no-such-part")
    assert answer.returncode == 2
    assert "airflow-scheduler" in answer.stderr


@pytest.mark.parametrize("part", ["mongo", "web"])
def test_killed_part_comes_back_by_itself(staying: subprocess.Popen[str], machine: Machine, part: str) -> None:
    killed = machine.pid_of(part)
    assert killed
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: machine.pid_of(part) not in (None, killed) and web_answers(machine))


def test_start_after_kill_of_run_itself_brings_everything_back(
    staying: subprocess.Popen[str], machine: Machine
) -> None:
    staying.kill()
    staying.wait()
    assert find_processes(machine.home), "the parts outlive ./run when it is killed"
    again = machine.run("--once", "--json")
    assert again.returncode == 0, again.stderr
    document = json.loads(again.stdout)
    assert (document["tracks"], document["quarantined"]) == (60, 4)
    assert len(document["recommendations"]) == 3
    assert find_processes(machine.home) == []


def test_stop_after_a_crash_leaves_no_process(once: dict[str, Any], machine: Machine) -> None:
    process = machine.start()
    wait_for(lambda: (machine.home / "supervisor.pid").exists() and bool(machine.status()["parts"]))
    process.kill()
    process.communicate()
    os.kill(int((machine.home / "supervisor.pid").read_text()), signal.SIGKILL)
    answer = machine.run("stop")
    assert answer.returncode == 0, answer.stderr
    assert find_processes(machine.home) == []


def sentence(answer: subprocess.CompletedProcess[str]) -> str:
    """The one line that an error is."""
    assert answer.returncode == 2, (answer.stdout, answer.stderr)
    lines = answer.stderr.splitlines()
    assert len(lines) == 1, answer.stderr
    return lines[0]


def test_taken_port_is_one_sentence_with_its_variable(machine: Machine, once: dict[str, Any]) -> None:
    taken = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(taken)], stderr=subprocess.DEVNULL
    ) as other:
        wait_for(lambda: any(c.status == psutil.CONN_LISTEN for c in psutil.Process(other.pid).net_connections()))
        line = sentence(machine.run("--once", EARWISE_WEB_PORT=str(taken)))
        other.terminate()
    assert f"EARWISE_WEB_PORT is {taken}" in line


def test_absent_library_is_one_sentence_with_its_variable(machine: Machine, tmp_path: Path) -> None:
    assert "EARWISE_LIBRARY" in sentence(machine.run("--once", EARWISE_LIBRARY=str(tmp_path / "absent")))
    assert "no audio files" in sentence(machine.run("--once", EARWISE_LIBRARY=str(tmp_path)))


def test_home_that_is_no_folder_is_one_sentence(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    assert "EARWISE_HOME" in sentence(machine.run("--once", EARWISE_HOME=str(tmp_path / "home")))


def test_wrong_setting_is_one_sentence(machine: Machine) -> None:
    assert "EARWISE_MONGO_PORT" in sentence(machine.run("status", EARWISE_MONGO_PORT="many"))


def test_unknown_argument_shows_the_usage(machine: Machine) -> None:
    answer = machine.run("--twice")
    assert answer.returncode == 2
    assert "usage: ./run" in answer.stderr
