"""A plugin for the tasks of Celery's worker: each writes down in what kind of process it runs."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import psutil
from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class Witness:
    """Writes a file for each task into the folder ``witnessed`` of the home."""

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """Called in the process of the task itself, before its function."""
        found = {
            "run_id": task_instance.run_id,
            "task_id": task_instance.task_id,
            "ancestors": [process.pid for process in psutil.Process().parents()],
            "is_daemonic": multiprocessing.current_process().daemon,
            "refusal": _refusal(),
        }
        folder = Path(os.environ["EARWISE_HOME"]) / "witnessed"
        folder.mkdir(exist_ok=True)
        (folder / f"{os.getpid()}.json").write_text(json.dumps(found))


class WitnessPlugin(AirflowPlugin):
    """Registers the witness."""

    name = "witness"
    listeners = [Witness()]  # noqa: RUF012 - the base class's attribute


def _refusal() -> str:
    """What multiprocessing says when it is to start a process here."""
    try:
        multiprocessing.get_context("spawn").Process(target=print).start()
    except AssertionError as error:
        return str(error)
    return ""
