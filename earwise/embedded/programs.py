"""The parts of the stack: what each is started with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from earwise.embedded.mongo import mongo_command
from earwise.settings import Settings


@dataclass(frozen=True, slots=True)
class Program:
    """One part, as the process manager starts it.

    Attributes
    ----------
    stop_wait_s : int
        Seconds that it may take to stop before it is killed.
    """

    name: str
    command: tuple[str, ...]
    stop_wait_s: int = 8


def stack_programs(settings: Settings) -> tuple[Program, ...]:
    """Every part, the store first if the stack has its own."""
    store = () if settings.mongo_uri else (Program("mongo", mongo_command(settings), stop_wait_s=30),)
    return (*store, *airflow_programs(), web_program(settings))


def airflow_programs() -> tuple[Program, ...]:
    """Airflow's services; they read their own log files, so that none needs to serve them on a port."""
    return (
        # Asked to stop, it waits for its clients; it keeps nothing that would be lost.
        Program("airflow-api-server", (_program("airflow"), "api-server"), stop_wait_s=3),
        Program("airflow-scheduler", (_program("airflow"), "scheduler", "--skip-serve-logs")),
        Program("airflow-dag-processor", (_program("airflow"), "dag-processor")),
        Program("airflow-triggerer", (_program("airflow"), "triggerer", "--skip-serve-logs")),
    )


def web_program(settings: Settings) -> Program:
    """The web app."""
    return Program("web", web_command(settings, "webapp:create_app()"))


def web_command(settings: Settings, application: str) -> tuple[str, ...]:
    """An application under gunicorn."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (
        _program("gunicorn"),
        *("--config", "python:webapp.processes", "--bind", f"{host}:{settings.web_port}"),
        application,
    )


def _program(name: str) -> str:
    return str(Path(sys.prefix) / "bin" / name)
