"""The script ``run``: finds Python, installs once, and starts over what was left unfinished.

The Python and the uv here are stand-ins that write down what they are asked, so that no package is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# Stands in for python3.12 on the machine and, copied, for the one in the environment.
PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip")
    [ -z "${BROKEN_NETWORK:-}" ] || exit 1
    cp "$UV" "$(dirname "$0")/uv"
    ;;
"-m earwise.cli") shift 2 && echo "earwise $* installed in ${EARWISE_INSTALL_SECONDS:-nothing} home $EARWISE_HOME" ;;
"--version "*) echo "Python 3.12.9" ;;
"-c "*) case "$2" in *version_info*"'3.12'"* | "") exit 0 ;; *version_info*) exit 1 ;; esac ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>"$LOG"
case "$*" in *-r\\ requirements.txt*) [ -z "${BROKEN_UV:-}" ] || exit 1 ;; esac
"""
UV_WITH_PYTHON = """#!/bin/sh
case "$1 $2" in
"--version "*) echo "uv 1" ;;
"python install") mkdir -p "$HOME" && cp "$FETCHED" "$HOME/python3.12" ;;
"python find") [ -e "$HOME/python3.12" ] && echo "$HOME/python3.12" ;;
esac
"""
BROKEN = "#!/bin/sh\nexit 127\n"


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout with ``run``, and a PATH with nothing but stand-ins and the basic tools."""

    repository: Path
    programs: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Call ``run``."""
        command = [str(self.repository / "run"), *arguments]
        environment = {**self.environment, **changes}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def calls(self) -> list[str]:
        """What the stand-ins were asked since the last look."""
        log = Path(self.environment["LOG"])
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    repository, programs = tmp_path / "a checkout", tmp_path / "bin"
    repository.mkdir()
    shutil.copy(REPOSITORY / "run", repository)
    (repository / "requirements.txt").write_text("rich==1\nuv==1 \\\n    --hash=sha256:0\n")
    (repository / "requirements-dev.txt").write_text("pytest==1\n")
    (repository / "pyproject.toml").touch()
    put(programs / "python3.12", PYTHON)
    for name in ("id", "apt-get", "uv", "python3", "python3.13"):
        put(programs / name, BROKEN)
    put(programs / "id", "#!/bin/sh\necho 1000\n")
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(tmp_path / "nobody"),
        "LOG": str(tmp_path / "log"),
        "UV": str(put(tmp_path / "uv", UV)),
    }
    return Machine(repository, programs, environment)


def installed(calls: list[str]) -> list[str]:
    """The lists that were installed."""
    return [call.rpartition(" -r ")[2] for call in calls if call.startswith("uv pip install") and " -r " in call]


def test_first_start_installs_and_hands_over(machine: Machine) -> None:
    answer = machine.run("--once", "--json")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("earwise --once --json installed in ")
    assert answer.stdout.strip().endswith(f"home {machine.repository}/.earwise")
    assert installed(machine.calls()) == ["requirements.txt"]
    assert "Installing" in answer.stderr


def test_second_start_installs_nothing(machine: Machine) -> None:
    machine.run()
    machine.calls()
    answer = machine.run("status")
    assert answer.stdout.startswith("earwise status installed in nothing")
    assert installed(machine.calls()) == []
    assert answer.stderr == ""


def test_changed_lock_is_installed(machine: Machine) -> None:
    machine.run()
    machine.calls()
    (machine.repository / "requirements.txt").write_text("rich==2\n")
    machine.run()
    calls = machine.calls()
    assert installed(calls) == ["requirements.txt"]
    assert not any("-m venv" in call for call in calls)


def test_tests_get_what_tests_need(machine: Machine) -> None:
    machine.run()
    machine.calls()
    machine.run("test", "-k", "one")
    assert installed(machine.calls()) == ["requirements.txt", "requirements-dev.txt"]


def test_unfinished_environment_is_made_anew(machine: Machine) -> None:
    machine.run()
    (machine.repository / ".venv" / "installing").touch()
    (machine.repository / ".venv" / "half a package").touch()
    machine.calls()
    assert machine.run().returncode == 0
    assert not (machine.repository / ".venv" / "half a package").exists()
    assert any("-m venv" in call for call in machine.calls())


def test_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.run()
    put(machine.repository / ".venv" / "bin" / "python", BROKEN)
    assert machine.run().stdout.startswith("earwise")


def test_shim_that_does_not_run_is_passed_over_for_pyenvs_own_folder(machine: Machine) -> None:
    (machine.programs / "python3.12").rename(machine.programs / "unused")
    put(machine.programs / "python3.12", BROKEN)
    put(Path(machine.environment["HOME"]) / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3", PYTHON)
    answer = machine.run()
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("earwise")


def test_missing_python_is_installed_by_uv(machine: Machine, tmp_path: Path) -> None:
    (machine.programs / "python3.12").rename(tmp_path / "fetched")
    put(machine.programs / "uv", UV_WITH_PYTHON)
    answer = machine.run(FETCHED=str(tmp_path / "fetched"))
    assert answer.returncode == 0, answer.stderr
    assert "Installing Python 3.12 by uv" in answer.stderr
    assert answer.stdout.startswith("earwise")


def test_missing_python_is_installed_by_apt_where_that_is_allowed(machine: Machine, tmp_path: Path) -> None:
    (machine.programs / "python3.12").rename(tmp_path / "fetched")
    put(machine.programs / "id", "#!/bin/sh\necho 0\n")
    put(machine.programs / "apt-cache", "#!/bin/sh\n[ $2 = python3.12-venv ]\n")
    put(machine.programs / "apt-get", f'#!/bin/sh\ncp "$FETCHED" "{machine.programs}/python3.12"\n')
    answer = machine.run(FETCHED=str(tmp_path / "fetched"))
    assert answer.returncode == 0, answer.stderr
    assert "Installing python3.12 python3.12-venv by apt" in answer.stderr


def test_asked_for_version_has_an_environment_of_its_own(machine: Machine) -> None:
    put(machine.programs / "python3.13", PYTHON.replace("'3.12'", "'3.13'"))
    assert machine.run(EARWISE_PYTHON="3.13").returncode == 0
    assert (machine.repository / ".venv-3.13" / "bin" / "python").exists()
    assert not (machine.repository / ".venv").exists()


def test_no_python_is_one_sentence(machine: Machine) -> None:
    put(machine.programs / "python3.12", BROKEN)
    answer = machine.run()
    assert answer.returncode == 2
    assert "apt-get install python3.12" in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize("fault", ["BROKEN_NETWORK", "BROKEN_UV"])
def test_failed_download_is_one_sentence_and_is_taken_up_again(machine: Machine, fault: str) -> None:
    answer = machine.run(**{fault: "yes"})
    assert answer.returncode == 2
    assert "check the network connection" in answer.stderr.splitlines()[-1]
    assert machine.run().stdout.startswith("earwise")


def test_lock_of_a_start_that_died_is_no_obstacle(machine: Machine) -> None:
    (machine.repository / ".venv.lock").symlink_to("999999")
    assert machine.run().stdout.startswith("earwise")
    assert not os.path.lexists(machine.repository / ".venv.lock")


def test_second_start_waits_for_the_first_one_to_finish_installing(machine: Machine) -> None:
    # Not a child of this process, which would stay a zombie and look alive.
    command = ["/bin/sh", "-c", "sleep 2 >/dev/null & echo $!"]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    (machine.repository / ".venv.lock").symlink_to(first)
    answer = machine.run()
    assert "Waiting for another start" in answer.stderr
    assert answer.stdout.startswith("earwise")
