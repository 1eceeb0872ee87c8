"""What Airflow makes of the plugin, as JSON on stdout; run by test_plugin.py with an AIRFLOW_HOME of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.db import initdb


class _Instance:
    """As much of a task instance as Airflow hands to a link."""

    def __init__(self, dag_id: str, run_id: str, task_id: str) -> None:
        self.key = TaskInstanceKey(dag_id, task_id, run_id, 1, -1)


def _link(dag: DAG, run_id: str, task_id: str) -> str | None:
    """The link of a task as the api-server works it out: from the Dag as it was serialized."""
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task(task_id)
    assert task.extra_links == ["Model"], task.extra_links
    return task.get_extra_links(_Instance(dag.dag_id, run_id, task_id), "Model")


initdb()
dags = DagBag(Path(__file__).with_name("dags")).dags
run_ids = {dag_id: dag.test(mark_success_pattern="train|evaluate").run_id for dag_id, dag in dags.items()}
training, other = dags["train_clusters"], dags["other"]
answer = {
    "errors": plugins_manager.get_import_errors(),
    "plugins": [plugin for plugin in plugins_manager.get_plugin_info() if plugin["name"] == "earwise"],
    "link": _link(training, run_ids["train_clusters"], "train"),
    "link_before_plan": _link(training, "manual__later", "train"),
    "link_of_other_task": _link(training, run_ids["train_clusters"], "evaluate"),
    "link_of_other_dag": _link(other, run_ids["other"], "train"),
    "heavy": sorted({"librosa", "numba", "pyspark", "pandas", "sklearn"} & set(sys.modules)),
}
print(json.dumps(answer, default=str))  # noqa: T201
