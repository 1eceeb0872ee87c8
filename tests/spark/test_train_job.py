"""The application as spark-submit runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from earwise.features.config import MfccConfig
from earwise.spark.jvm import java_options
from earwise.store import Store
from tests.conftest import REPOSITORY
from tests.spark.conftest import add_groups, add_track


@pytest.fixture
def submit(mongo_uri: str, database_name: str, tmp_path: Path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
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
            "--model-id=m1",
            "--dag-run-id=manual__1",
            *arguments,
        ]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)

    return run


def output(done: subprocess.CompletedProcess[str]) -> str:
    """Everything printed: spark-submit passes the application's stderr on as its own stdout."""
    return done.stdout + done.stderr


def test_job_logs_silhouette_and_cost_for_every_k(submit, store: Store) -> None:
    add_groups(store, groups=3, size=8, version=MfccConfig().feature_version)
    done = submit("--k-min=2", "--k-max=3", "--seed=5")
    assert done.returncode == 0, output(done)[-3000:]
    for k in (2, 3):
        assert f"k tried k={k} silhouette=" in output(done)
    assert "training_cost=" in output(done)
    run = store.model_runs.of_dag_run("manual__1")
    assert (run.k, run.seed, run.tracks) == (3, 5, 24)


def test_job_says_in_one_line_why_it_failed(submit, store: Store) -> None:
    add_track(store, 1, np.ones(12), version=MfccConfig().feature_version)
    done = submit("--k-min=None", "--k-max=None")
    assert done.returncode == 1
    assert "training failed: 1 tracks have features; a model needs at least 10." in output(done)
    assert "Traceback" not in output(done)
