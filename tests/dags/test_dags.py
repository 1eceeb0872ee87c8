"""What holds for every DAG: it is light to parse, and says who owns it, how it fails and what to do then."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from earwise.extraction.deadline import time_limit_s
from earwise.extraction.planning import LARGEST_BATCH
from earwise.settings import EXTRACTION_POOL
from tests.conftest import REPOSITORY

DAGS = REPOSITORY / "dags"
FILES = sorted(DAGS.glob("*.py"))
# By hand: nobody downloads 93 GiB by the clock.
TIMETABLES = {"load_fma": "NullTimetable"}
HEAVY = ("librosa", "numba", "pyspark", "pandas", "sklearn", "scipy", "soundfile", "av", "pymongo")

_PROBE = """
import json, runpy, sys, time
import airflow.sdk
before, started = set(sys.modules), time.process_time()
module = runpy.run_path(sys.argv[1])
seconds = time.process_time() - started
from airflow.sdk import DAG
dags = [value for value in module.values() if isinstance(value, DAG)] or [module[sys.argv[2]]()]
print(json.dumps({
    "seconds": seconds,
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "new": sorted({name for name in set(sys.modules) - before}),
    "dags": [{
        "dag_id": dag.dag_id,
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "timetable": type(dag.timetable).__name__,
        "tasks": [{
            "task_id": task.task_id,
            "owner": task.owner,
            "retries": task.retries,
            "retry_delay_s": task.retry_delay.total_seconds(),
            "timeout_s": task.execution_timeout and task.execution_timeout.total_seconds(),
            "is_mapped": type(task).__name__.endswith("MappedOperator"),
            "pool": task.pool,
            "map_index_template": getattr(task, "partial_kwargs", {}).get("map_index_template"),
        } for task in dag.tasks],
    } for dag in dags],
}))
"""


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def parsed(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a fresh process finds in one DAG file."""
    return _probe(request.param)


def _probe(file: Path) -> dict[str, Any]:
    command = [sys.executable, "-c", _PROBE, str(file), file.stem]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {"file": file, **json.loads(done.stdout.splitlines()[-1])}


def test_there_are_dags() -> None:
    assert {file.stem for file in FILES} >= {"extract_features", "load_fma", "train_clusters"}


def test_file_parses_in_under_a_second(parsed: dict[str, Any]) -> None:
    assert parsed["seconds"] < 1.0, parsed["new"]


def test_parsing_loads_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert [name for name in HEAVY if name in parsed["modules"]] == []


def test_module_level_imports_are_light(parsed: dict[str, Any]) -> None:
    tree = ast.parse(parsed["file"].read_text("utf-8"))
    names = set()
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            names.add(statement.module or "")
    allowed = ("airflow.sdk", "airflow.providers.", "pendulum", "earwise.settings", "earwise.fma.sets")
    strangers = {
        name for name in names if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(allowed)
    }
    assert strangers == set()


def test_file_holds_one_dag_of_its_name(parsed: dict[str, Any]) -> None:
    assert [dag["dag_id"] for dag in parsed["dags"]] == [parsed["file"].stem]


@pytest.mark.parametrize("heading", ["Purpose", "Inputs", "Outputs", "Is a re-run safe?", "On failure"])
def test_runbook_answers_what_an_operator_asks(parsed: dict[str, Any], heading: str) -> None:
    assert f"**{heading}" in parsed["dags"][0]["doc"]


def test_dag_states_how_it_is_scheduled(parsed: dict[str, Any]) -> None:
    (dag,) = parsed["dags"]
    assert "earwise" in dag["tags"]
    assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
    assert dag["timetable"] == TIMETABLES.get(dag["dag_id"], "CronTriggerTimetable")


def test_every_task_has_an_owner_retries_and_a_time_limit(parsed: dict[str, Any]) -> None:
    for task in parsed["dags"][0]["tasks"]:
        assert task["owner"] == "earwise", task
        assert task["retries"] >= 1, task
        assert task["retry_delay_s"] >= 10, task
        assert task["timeout_s"], task


def test_mapped_tasks_have_readable_names(parsed: dict[str, Any]) -> None:
    assert all(task["map_index_template"] for task in parsed["dags"][0]["tasks"] if task["is_mapped"])


def test_batches_share_the_processors_by_a_pool_that_every_start_makes() -> None:
    (dag,) = _probe(DAGS / "extract_features.py")["dags"]
    assert {task["task_id"] for task in dag["tasks"] if task["pool"] == EXTRACTION_POOL} == {"extract"}
    assert f"pools set {EXTRACTION_POOL} 1 " in (REPOSITORY / "docker" / "airflow-init.sh").read_text("utf-8")


def test_tasks_never_ask_the_clock(parsed: dict[str, Any]) -> None:
    source = parsed["file"].read_text("utf-8")
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".now", ".utcnow", ".today"))
    ]
    assert calls == []


def test_scan_of_a_million_files_on_a_slow_disk_is_not_cut_short() -> None:
    (dag,) = _probe(DAGS / "extract_features.py")["dags"]
    timeouts_s = {task["task_id"]: task["timeout_s"] for task in dag["tasks"]}
    assert min(timeouts_s["scan"], timeouts_s["plan"]) > 1_000_000 / 100 * 2


def test_largest_batch_ends_itself_before_the_tasks_time_out() -> None:
    (dag,) = _probe(DAGS / "extract_features.py")["dags"]
    (timeout_s,) = [task["timeout_s"] for task in dag["tasks"] if task["task_id"] == "extract"]
    assert time_limit_s(LARGEST_BATCH, processes=1) < timeout_s
    assert time_limit_s(LARGEST_BATCH, processes=1, fetched_bytes=10**12) < timeout_s
