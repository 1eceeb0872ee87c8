"""The Spark session of a job: opened and stopped in the job's main, never kept in a module."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

# What holds wherever the job runs; master, memory and addresses come from spark-submit.
_OPTIONS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.shuffle.partitions": "8",
    # Partitions must not depend on what happened at run time, or the same seed gives other clusters.
    "spark.sql.adaptive.enabled": "false",
}


@contextmanager
def spark_session(name: str, *, master: str | None = None) -> Iterator[SparkSession]:
    """Open a session and stop it at the end.

    Parameters
    ----------
    name : str
        Name of the application in Spark's own pages.
    master : str or None
        Where to run; None leaves it to spark-submit.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master).config("spark.ui.enabled", "false")
    for key, value in _OPTIONS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    try:
        yield session
    finally:
        session.stop()
