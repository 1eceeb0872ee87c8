"""The whole path of a track: an extraction by Airflow in a home of its own, its documents durable in MongoDB."""

from __future__ import annotations

import dataclasses
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from earwise.embedded.airflow_api import is_finished
from earwise.embedded.environment import stack_environment
from earwise.embedded.home import prepare_home
from earwise.embedded.java import find_or_install_java
from earwise.embedded.job import EXTRACTION, ensure_extraction_pool
from earwise.embedded.ports import find_free_port
from earwise.embedded.progress import Progress
from earwise.embedded.secrets import load_secrets
from earwise.embedded.stack import Stack
from earwise.errors import EarwiseError
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import open_store

_RUN_ID = "bench"
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class DagFigures:
    """What the extraction of a library by Airflow took.

    Attributes
    ----------
    tracks : int
        Tracks whose features are stored.
    seconds : float
        From the first mapped task's start to the last one's end.
    """

    tracks: int
    seconds: float


def bench_dag_path(library: Path, progress: Progress, say: Callable[[str], None]) -> DagFigures:
    """Start the embedded stack on free ports, have it extract a library, and remove it.

    Raises
    ------
    EarwiseError
        If the Dag run fails.
    """
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as folder:
        settings = _settings(Path(folder) / "home", library)
        prepare_home(settings.home)
        secrets = load_secrets(settings.home)
        settings = dataclasses.replace(settings, secret_key=secrets.web_secret_key)
        environment = stack_environment(settings, secrets, find_or_install_java(settings.home, progress))
        with open_store(settings) as store:
            stack = Stack(settings, secrets, environment, store, progress)
            try:
                stack.start()
                _extract(stack, say)
                tracks = store.tracks.count_ready()
            finally:
                stack.stop()
        return DagFigures(tracks, _mapped_seconds(settings.home / "airflow" / "airflow.db"))


def _settings(home: Path, library: Path) -> Settings:
    ports: set[int] = set()
    while len(ports) < 3:
        ports.add(find_free_port())
    mongo, web, airflow = ports
    return Settings(home=home, library=(Root("music", library),), mongo_port=mongo, web_port=web, airflow_port=airflow)


def _extract(stack: Stack, say: Callable[[str], None]) -> None:
    with stack.open_airflow() as api:
        stack.wait_until_ready(api)
        while not api.has_dag(EXTRACTION):
            stack.check()
            time.sleep(_POLL_S)
        ensure_extraction_pool(api)
        say("extracting by Airflow")
        api.unpause(EXTRACTION)
        api.trigger(EXTRACTION, _RUN_ID)
        while not is_finished(state := api.run_state(EXTRACTION, _RUN_ID)):
            stack.check()
            time.sleep(_POLL_S)
    if state == "failed":
        raise EarwiseError("The Dag run of the benchmark failed.")


def _mapped_seconds(database: Path) -> float:
    query = "SELECT min(start_date), max(end_date) FROM task_instance WHERE run_id = ? AND task_id = 'extract'"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        began, ended = connection.execute(query, (_RUN_ID,)).fetchone()
    finally:
        connection.close()
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
