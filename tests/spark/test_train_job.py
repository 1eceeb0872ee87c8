"""The application as spark-submit runs it."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from earwise.clustering.publishing import publish_model
from earwise.features.config import MfccConfig
from earwise.ranking.artefact import SNAPSHOTS
from earwise.spark.jvm import java_options
from earwise.store import Store
from tests.conftest import REPOSITORY
from tests.models import write_model
from tests.spark.conftest import NOW, add_groups, add_track
from tests.unit.sounds import make_sounds

type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(mongo_uri: str, database_name: str, tmp_path: Path) -> Start:
    def run(*arguments: str, model_id: str = "m1") -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "EARWISE_HOME": str(tmp_path),  # else one test would train on the other's snapshot
            "EARWISE_MONGO_URI": mongo_uri,
            "EARWISE_MONGO_DATABASE": database_name,
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        command = [
            str(Path(sys.executable).parent / "spark-submit"),
            "--master=local[2]",
            "--conf=spark.ui.enabled=false",
            f"--driver-java-options={java_options(0)}",
            str(REPOSITORY / "jobs" / "train_clusters.py"),
            f"--model-id={model_id}",
            "--dag-run-id=manual__1",
            *arguments,
        ]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return run


@pytest.fixture
def submit(start: Start) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with start(*arguments) as job:
            printed, _ = job.communicate(timeout=240)
        return subprocess.CompletedProcess(job.args, job.returncode, printed, "")

    return run


def output(done: subprocess.CompletedProcess[str]) -> str:
    """Everything printed: spark-submit passes the application's stderr on as its own stdout."""
    return done.stdout + done.stderr


@pytest.mark.slow
def test_job_logs_silhouette_and_cost_for_every_k(submit, store: Store) -> None:
    add_groups(store, groups=3, size=8, version=MfccConfig().feature_version)
    done = submit("--k-min=2", "--k-max=3", "--seed=5")
    assert done.returncode == 0, output(done)[-3000:]
    for k in (2, 3):
        assert f"k tried k={k} silhouette=" in output(done)
    assert "training_cost=" in output(done)
    run = store.model_runs.of_dag_run("manual__1")
    assert (run.k, run.seed, run.tracks) == (3, 5, 24)


@pytest.mark.slow
def test_job_says_in_one_line_why_there_is_no_model(submit, store: Store) -> None:
    add_track(store, 1, np.ones(12), version=MfccConfig().feature_version)
    done = submit("--k-min=None", "--k-max=None")
    assert done.returncode == 0
    assert "no model: 1 tracks have features; a model needs at least 10." in output(done)
    assert "Traceback" not in output(done)


def test_job_without_a_model_is_one_line_and_a_failed_job_a_status(
    spark: SparkSession,
    store: Store,
    mongo_uri: str,
    database_name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same on the session of these tests."""
    job = runpy.run_path(str(REPOSITORY / "jobs" / "train_clusters.py"))["main"]
    monkeypatch.setitem(job.__globals__, "spark_session", lambda _: nullcontext(spark))
    monkeypatch.setitem(job.__globals__, "configure_logging", lambda _: None)
    for name, value in (("HOME", str(tmp_path)), ("MONGO_URI", mongo_uri), ("MONGO_DATABASE", database_name)):
        monkeypatch.setenv(f"EARWISE_{name}", value)
    add_track(store, 1, np.ones(12), version=MfccConfig().feature_version)
    assert job(["--model-id=m1", "--dag-run-id=manual__1", "--k-min=None", "--k-max=None"]) == 0
    write_model(store, tmp_path / "models", "served", make_sounds(2, 10), range(20))
    store.models.activate("served", NOW)
    assert job(["--model-id=served", "--dag-run-id=manual__1"]) == 1
    said = [record.getMessage() for record in caplog.records if record.name == "earwise.jobs"]
    assert said == [
        "no model: 1 tracks have features; a model needs at least 10.",
        "training failed: Model served is being served; run the Dag again from its first task.",
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_job_killed_at_any_moment_leaves_the_served_model_and_its_retry_no_debris(
    start: Start, store: Store, tmp_path: Path
) -> None:
    features, folder = make_sounds(4, 15), tmp_path / "models"
    write_model(store, folder, "m0", features, range(60))
    publish_model(store, "m0", NOW, keep=5, model_folder=folder)
    add_groups(store, groups=4, size=40, version=MfccConfig().feature_version)
    rng = random.Random(7)
    for phase in ("read", "scale", "kmeans", "collect", "assignments", "neighbours"):
        job = start("--k-min=2", "--k-max=4")
        _wait_for_phase(store, phase, job)
        time.sleep(rng.uniform(0, 0.5))
        os.killpg(job.pid, signal.SIGKILL)
        job.communicate()
        assert store.models.active_id() == "m0"
        assert len(dict(store.model_parts.read_clusters_of_tracks("m0"))) == 60
    with start("--k-min=2", "--k-max=4") as job:
        printed, _ = job.communicate(timeout=240)
    assert job.returncode == 0, printed[-3000:]
    publish_model(store, "m1", NOW, keep=5, model_folder=folder)
    assert store.models.active_id() == "m1"
    assert len(dict(store.model_parts.read_clusters_of_tracks("m1"))) == 160
    assert sorted(path.name for path in folder.iterdir()) == ["m0", "m1", SNAPSHOTS]


def _wait_for_phase(store: Store, phase: str, job: subprocess.Popen[str]) -> None:
    """Wait until this phase is over, or the job with it."""
    while job.poll() is None:
        run = store.model_runs.get("m1")
        if run is not None and phase in run.seconds:
            return
        time.sleep(0.05)
