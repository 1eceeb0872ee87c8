"""Runs a DAG of this repository in a process of its own, or reads it into this one."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY


def run_dag(home: Path, dag_id: str, configurations: list[dict[str, Any]], variables: dict[str, str]) -> list[Any]:
    """Run a DAG once for each configuration; what became of the runs, as `run_dag.py` prints it.

    What the tasks logged stands in the file ``log`` of the home.
    """
    programs = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "EARWISE_"))},
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "EARWISE_HOME": str(home),
        **variables,
    }
    script, file = Path(__file__).with_name("run_dag.py"), REPOSITORY / "dags" / f"{dag_id}.py"
    command = [sys.executable, str(script), str(file), dag_id, *map(json.dumps, configurations)]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    (home / "log").write_text(done.stdout + done.stderr)
    runs: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return runs


def read_dag(dag_id: str) -> Any:
    """A DAG as its file declares it."""
    return runpy.run_path(str(REPOSITORY / "dags" / f"{dag_id}.py"))[dag_id]()


def states(run: dict[str, Any]) -> dict[str, str]:
    """State of every task of a run."""
    return {task_id: task["state"] for task_id, task in run["tasks"].items()}
