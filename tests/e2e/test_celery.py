"""``extract_features`` on CeleryExecutor: a real worker of Celery runs its tasks, and all ends as it does elsewhere.

Broker and results are SQLite files, so that Celery needs no service here. Everything else is started as `./run` does.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from earwise.embedded.airflow_api import AirflowApi, is_finished
from earwise.embedded.environment import stack_environment
from earwise.embedded.home import prepare_home
from earwise.embedded.java import find_or_install_java
from earwise.embedded.job import EXTRACTION, ensure_extraction_pool
from earwise.embedded.processes import find_processes
from earwise.embedded.secrets import load_secrets
from earwise.embedded.stack import Stack
from earwise.root import Root
from earwise.settings import EXTRACTION_POOL, Settings
from earwise.store import Store, open_store
from tests.audio import write_tone
from tests.conftest import REPOSITORY, free_port
from tests.unit.progress import SilentProgress

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(420)]

SOUND = ("a.wav", "b.flac", "c.mp3", "d.ogg", "e.opus")
BROKEN = "f.mp3"
# Those that run whatever was found; there is no model that could be given the new tracks.
TASKS = {"scan": -1, "plan": -1, "extract": 0, "close": -1, "report": -1, "assign": -1}
_LIMIT_S = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """What there is when the Dag run that found the library has ended, everything running still."""

    home: Path
    store: Store
    run_id: str
    state: str
    worker_pid: int

    def task_instances(self) -> dict[str, dict[str, Any]]:
        """Rows of Airflow's own table, by task."""
        connection = sqlite3.connect(f"file:{self.home / 'airflow' / 'airflow.db'}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            rows = connection.execute("SELECT * FROM task_instance WHERE run_id = ?", (self.run_id,)).fetchall()
        finally:
            connection.close()
        return {row["task_id"]: dict(row) for row in rows}

    def witnessed(self) -> dict[str, dict[str, Any]]:
        """What every task wrote down of its process, by task."""
        found = [json.loads(file.read_text()) for file in (self.home / "witnessed").iterdir()]
        return {task["task_id"]: task for task in found if task["run_id"] == self.run_id}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """An installation with one worker of Celery, whose Dag run has come to its end."""
    library = tmp_path_factory.mktemp("library")
    for number, name in enumerate(SOUND):
        write_tone(library / name, number)
    (library / BROKEN).write_text("only words")
    home = tmp_path_factory.mktemp("celery") / "home"
    settings = Settings(
        home=home,
        library=(Root("music", library),),
        mongo_port=free_port(),
        web_port=free_port(),
        airflow_port=free_port(),
        extract_processes=2,
    )
    prepare_home(home)
    write_policy(home)
    progress, secrets = SilentProgress(), load_secrets(home)
    settings = dataclasses.replace(settings, secret_key=secrets.web_secret_key)
    java_home = find_or_install_java(home, progress)
    environment = {**stack_environment(settings, secrets, java_home), **celery_environment(home)}
    with open_store(settings) as store:
        stack = Stack(settings, secrets, environment, store, progress)
        try:
            stack.start()
            worker = start_worker(home, environment)
            with stack.open_airflow() as api:
                stack.wait_until_ready(api)
                run_to_end(api, stack)
                # That of the schedule, where a quarter of an hour began just before.
                run = store.extraction_runs.latest()
                assert run is not None, worker_log(home)
                state = api.run_state(EXTRACTION, run.run_id)
            assert worker.poll() is None, worker_log(home)
            yield Ended(home, store, run.run_id, state, worker.pid)
        finally:
            stack.stop()
    assert find_processes(home) == []


def celery_environment(home: Path) -> dict[str, str]:
    """What makes an installation one of Celery."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CELERY__BROKER_URL": f"sqla+sqlite:///{home / 'broker.db'}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+sqlite:///{home / 'results.db'}",
    }


def write_policy(home: Path) -> None:
    """Put the policy that docs/celery.md recommends where Airflow looks for it."""
    text = (REPOSITORY / "docs" / "celery.md").read_text("utf-8")
    (policy,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    folder = home / "airflow" / "config"
    folder.mkdir(parents=True)
    (folder / "airflow_local_settings.py").write_text(policy, "utf-8")


def start_worker(home: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the worker, whose tasks say in what process they run; it ends with all that bears the home's mark."""
    command = [str(Path(sys.prefix) / "bin" / "airflow"), "celery", "worker", "--skip-serve-logs"]
    options = ["--concurrency", "2", "--queues", f"default,{EXTRACTION_POOL}", "--without-mingle", "--without-gossip"]
    plugins = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(Path(__file__).with_name("celery_plugins"))}
    with (home / "logs" / "celery-worker.log").open("wb") as log:
        return subprocess.Popen(
            [*command, *options], env={**environment, **plugins}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def run_to_end(api: AirflowApi, stack: Stack) -> None:
    """Run the DAG to its end, after whatever its schedule has begun."""
    deadline = time.monotonic() + _LIMIT_S
    while not api.has_dag(EXTRACTION):
        assert time.monotonic() < deadline, api.import_errors()
        time.sleep(0.5)
    ensure_extraction_pool(api)
    api.unpause(EXTRACTION)
    api.trigger(EXTRACTION, "by-hand")
    while not is_finished(api.run_state(EXTRACTION, "by-hand")):
        stack.check()
        assert time.monotonic() < deadline, (api.tasks(EXTRACTION, "by-hand"), worker_log(stack.settings.home))
        time.sleep(0.5)


def worker_log(home: Path) -> str:
    return (home / "logs" / "celery-worker.log").read_text("utf-8")[-5_000:]


def test_every_task_runs_in_the_worker(ended: Ended) -> None:
    assert ended.state == "success", worker_log(ended.home)
    instances, witnessed = ended.task_instances(), ended.witnessed()
    assert {task_id: row["map_index"] for task_id, row in instances.items()} == TASKS
    assert set(witnessed) == set(TASKS)
    assert all(ended.worker_pid in task["ancestors"] for task in witnessed.values())
    with sqlite3.connect(ended.home / "results.db") as results:
        begun = {task_id for (task_id,) in results.execute("SELECT task_id FROM celery_taskmeta")}
    assert {row["external_executor_id"] for row in instances.values()} <= begun


def test_batches_wait_in_the_queue_that_the_policy_names(ended: Ended) -> None:
    queues = {task_id: row["queue"] for task_id, row in ended.task_instances().items()}
    assert queues == dict.fromkeys(TASKS, "default") | {"extract": EXTRACTION_POOL}


def test_tasks_are_in_daemonic_processes_which_may_not_start_others_by_multiprocessing(ended: Ended) -> None:
    batch = ended.witnessed()["extract"]
    assert batch["is_daemonic"]
    assert batch["refusal"] == "daemonic processes are not allowed to have children"


def test_every_track_is_ready_and_the_broken_file_in_quarantine(ended: Ended) -> None:
    assert sorted(track.files[0].location.display for track in ended.store.tracks.some(10)) == list(SOUND)
    assert ended.store.tracks.count_ready() == len(SOUND)
    assert {file.location.display: file.code for file in ended.store.quarantine.recent(limit=10)} == {
        BROKEN: "not_audio"
    }
    run = ended.store.extraction_runs.get(ended.run_id)
    assert run is not None
    assert (run.planned, run.done, run.decoded, run.failures) == (6, 6, 5, {"not_audio": 1})
