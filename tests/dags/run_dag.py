"""Runs a DAG in this process, with an Airflow home of its own, and prints what became of its tasks as JSON.

Usage: run_dag.py DAG_FILE DAG_ID RUN_CONF_JSON...   (one run for each configuration)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.asset import AssetEvent
from airflow.models.taskinstance import TaskInstance
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from sqlalchemy import select


def main() -> None:
    file, dag_id, *configurations = sys.argv[1:]
    initdb()
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(file, bundle_path=Path(file).parent, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    sync_bag_to_db(bag, "dags-folder", None)
    runs = [_run(bag.dags[dag_id], json.loads(configuration)) for configuration in configurations]
    print(json.dumps(runs))  # noqa: T201 - the answer


def _run(dag: Any, configuration: dict[str, Any]) -> dict[str, Any]:
    run = dag.test(run_conf=configuration)
    with create_session() as session:
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
        events = session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id)).all()
        return {
            "run_id": run.run_id,
            "state": str(run.state),
            "tasks": {
                task.task_id + (f"[{task.map_index}]" if task.map_index >= 0 else ""): {
                    "state": str(task.state),
                    "name": task.rendered_map_index,
                }
                for task in tasks
            },
            "events": [{"asset": event.asset.name, "extra": event.extra} for event in events],
        }


if __name__ == "__main__":
    main()
