"""A machine of a test's own with a library on it, and ``./run`` on it as a user would call it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earwise.embedded.synthesis import synthesise_library
from tests.audio import write_audio
from tests.conftest import REPOSITORY, free_port


@dataclass(frozen=True, slots=True)
class Machine:
    """A library, a home and free ports, with the command that uses them."""

    environment: dict[str, str]
    home: Path

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        """Start ``./run`` and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "earwise.cli", *arguments],
            cwd=REPOSITORY,
            env={**self.environment, **changes},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run ``./run`` to its end."""
        process = self.start(*arguments, **changes)
        stdout, stderr = process.communicate(timeout=900)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def status(self) -> dict[str, Any]:
        """What ``./run status --json`` says."""
        document: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return document

    def pid_of(self, part: str) -> int | None:
        """Process number of a part."""
        return next(entry["pid"] for entry in self.status()["parts"] if entry["name"] == part)


def make_library(folder: Path) -> None:
    """60 tracks in ten styles, files that are no tracks, and a name that is not UTF-8."""
    synthesise_library(folder, lambda done, total: None, tracks_per_artist=2)
    some = sorted(folder.rglob("*.ogg"))
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "text.mp3").write_bytes(b"not music\n" * 400)
    (folder / "cut.ogg").write_bytes(some[0].read_bytes()[:700])
    write_audio(folder / "short.wav", np.full((8_820, 1), 0.1, dtype=np.float32))
    shutil.copyfile(some[1], os.fsencode(folder) + b"/caf\xe9.ogg")
    some[1].unlink()


def make_machine(home: Path, library: Path) -> Machine:
    """A machine with nothing on it but a library."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("EARWISE_")},
        "EARWISE_HOME": str(home),
        "EARWISE_LIBRARY": str(library),
        "EARWISE_WEB_PORT": str(free_port()),
        "EARWISE_AIRFLOW_PORT": str(free_port()),
        "EARWISE_MONGO_PORT": str(free_port()),
    }
    return Machine(environment, home)


def wait_until_ready(process: subprocess.Popen[str], machine: Machine, limit_s: float = 200) -> None:
    deadline = time.monotonic() + limit_s
    while not machine.status()["ready"]:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not become ready"
        time.sleep(1)


def wait_for(condition: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
