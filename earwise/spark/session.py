"""The Spark session of a job: opened and stopped in the job's main, never kept in a module."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from earwise.log import fields

log = logging.getLogger(__name__)

# What holds wherever the job runs; master, memory and addresses come from spark-submit.
_OPTIONS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.shuffle.partitions": "8",
    # Partitions must not depend on what happened at run time, or the same seed gives other clusters.
    "spark.sql.adaptive.enabled": "false",
    # A task for each core is running already.
    "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
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
    context = session.sparkContext
    log.info("Spark is up", extra=fields(version=session.version, master=context.master, blas=blas_name(session)))
    try:
        yield session
    finally:
        session.stop()


def blas_name(session: SparkSession) -> str:
    """What the driver multiplies matrices with: ``JNIBLAS`` is a native BLAS, ``VectorBLAS`` that of Java."""
    found = session._jvm.dev.ludovic.netlib.blas.BLAS.getInstance()  # type: ignore[union-attr]
    return str(found.getClass().getSimpleName())
