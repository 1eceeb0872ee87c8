"""Two Dags with Spark tasks: one with the names of the real training Dag, and another."""

from __future__ import annotations

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, task


@task
def plan() -> str:
    """Return the id of the model, as the task of the same name does in the real Dag."""
    return "20260131-020000"


for dag_id in ("train_clusters", "other"):
    with DAG(dag_id, schedule=None):
        planned = plan()
        for task_id in ("train", "evaluate"):
            planned >> SparkSubmitOperator(task_id=task_id, application="job.py")
