"""``./run stop`` and ``./run status``."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from earwise.cli.terminal import make_progress
from earwise.embedded.home import forget_running, holder, read_running
from earwise.embedded.processes import find_processes
from earwise.embedded.stack import stop_stack
from earwise.embedded.supervisor import Part, Supervisor
from earwise.errors import EarwiseError
from earwise.settings import Settings

_STOP_LIMIT_S = 60


def stop(settings: Settings) -> int:
    """Stop what was started for this home, after a crash too."""
    progress = make_progress(sys.stdout)
    pid = holder(settings.home)
    if pid is None and not find_processes(settings.home):
        progress.say("Nothing is running for this home.")
        return 0
    with progress.step("Stopping"):
        if pid is not None:
            _stop_holder(settings, pid)
        if settings.home.is_dir():
            stop_stack(settings.home)
            forget_running(settings.home)
    return 0


def status(settings: Settings, *, as_json: bool) -> int:
    """Say what runs for this home."""
    running = read_running(settings.home)
    supervisor = Supervisor(settings.home)
    parts = supervisor.parts() if supervisor.is_up() else []
    if running:
        settings = Settings.from_env(running.environment)
    if as_json:
        print(json.dumps(_document(settings, parts, is_ready=bool(parts and running and running.ready))))
        return 0
    if not parts:
        print("Nothing is running for this home; ./run starts it.")
        return 0
    for part in parts:
        since = f"  process {part.pid}, {_duration(time.time() - part.since)}" if part.pid else ""
        print(f"{part.name:24}{part.state.lower():10}{since}")
    print(f"Web app  {settings.public_web_url}\nAirflow  {settings.public_airflow_url}")
    return 0


def _document(settings: Settings, parts: list[Part], *, is_ready: bool) -> dict[str, object]:
    return {
        "running": bool(parts),
        "ready": is_ready,
        "home": str(settings.home),
        "web_url": settings.public_web_url,
        "airflow_url": settings.public_airflow_url,
        "parts": [{"name": part.name, "state": part.state.lower(), "pid": part.pid or None} for part in parts],
    }


def _stop_holder(settings: Settings, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_LIMIT_S
    while holder(settings.home) == pid:
        if time.monotonic() > deadline:
            raise EarwiseError(f"The ./run with process number {pid} does not stop; end it by kill -9 {pid}.")
        time.sleep(0.1)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
