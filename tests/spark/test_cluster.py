"""The training job on a standalone cluster: a real master and two workers, started here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwise.features.config import MfccConfig
from earwise.spark.jvm import java_options
from earwise.store import Store
from earwise.store.model_runs import ModelRun
from tests.conftest import REPOSITORY, free_port
from tests.spark.conftest import add_groups

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_START_S = 60


@dataclass
class Cluster:
    """Where the master listens, and the workers' processes."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    port, page = free_port(), free_port()
    address = f"spark://127.0.0.1:{port}"
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    spark_class = str(Path(sys.executable).parent / "spark-class")
    master_options = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)]
    worker_options = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str, *options: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{role}-{len(started)}.log").open("wb") as log:
            command = [spark_class, f"org.apache.spark.deploy.{role.lower()}.{role}", *options]
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        return started[-1]

    try:
        start("Master", *master_options)
        _wait_for_workers(page, 0)
        works = [str(tmp_path / f"work-{number}") for number in (1, 2)]
        workers = [start("Worker", *worker_options, "--work-dir", work, address) for work in works]
        _wait_for_workers(page, 2)
        yield Cluster(address, workers)
    finally:
        for process in started:
            _kill(process)


def _wait_for_workers(page: int, count: int) -> None:
    """Wait until the master's page shows so many workers."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                if answer.read().decode().count('"ALIVE"') - 1 >= count:  # the master itself is one
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"The master did not show {count} workers.")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def submit(mongo_uri: str, database: str, home: Path, master: str, model_id: str) -> subprocess.Popen[str]:
    """Start the job on this master, which reads MongoDB and writes a snapshot of its own."""
    environment = {
        **os.environ,
        "EARWISE_HOME": str(home),
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": database,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    command = [
        str(Path(sys.executable).parent / "spark-submit"),
        f"--master={master}",
        "--executor-memory=512m",
        "--conf=spark.ui.enabled=false",
        f"--driver-java-options={java_options(0)}",
        str(REPOSITORY / "jobs" / "train_clusters.py"),
        *(f"--model-id={model_id}", f"--dag-run-id={model_id}", "--seed=3", "--k-min=3", "--k-max=5"),
    ]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def finish(job: subprocess.Popen[str], store: Store, model_id: str) -> ModelRun:
    """Wait for the job and return its record."""
    printed, _ = job.communicate(timeout=400)
    assert job.returncode == 0, printed[-4000:]
    run = store.model_runs.get(model_id)
    assert run is not None
    return run


def read(store: Store, model_id: str) -> dict[str, tuple[int, list[str]]]:
    """Cluster and list of every track."""
    lists = dict(store.model_parts.read_lists(model_id))
    clusters = store.model_parts.read_clusters_of_tracks(model_id)
    return {track_id: (number, lists[track_id]) for track_id, number in clusters}


def test_cluster_gives_what_one_machine_gives_even_when_a_worker_dies(
    cluster: Cluster, mongo_uri: str, database_name: str, store: Store, tmp_path: Path
) -> None:
    add_groups(store, groups=4, size=60, version=MfccConfig().feature_version)
    places = (mongo_uri, database_name, tmp_path / "home")
    alone = finish(submit(*places, "local[2]", "alone"), store, "alone")
    together = finish(submit(*places, cluster.address, "together"), store, "together")
    assert read(store, "together") == read(store, "alone")

    job = submit(*places, cluster.address, "reduced")
    _wait_for_phase(store, job)
    assert job.poll() is None
    _kill(cluster.workers[0])
    reduced = finish(job, store, "reduced")
    assert read(store, "reduced") == read(store, "alone")
    for run in (together, reduced):
        for ours, theirs in zip(run.trials, alone.trials, strict=True):
            assert (ours.k, ours.sizes) == (theirs.k, theirs.sizes)
            assert ours.training_cost == pytest.approx(theirs.training_cost, rel=1e-9)
            assert ours.silhouette == pytest.approx(theirs.silhouette, rel=1e-9)


def _wait_for_phase(store: Store, job: subprocess.Popen[str]) -> None:
    """Wait until the run has read its snapshot."""
    while job.poll() is None:
        run = store.model_runs.get("reduced")
        if run is not None and "read" in run.seconds:
            return
        time.sleep(0.1)
