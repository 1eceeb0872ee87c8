"""Snapshots: what a Dag run trains on, written once and read again by its retries."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from pyspark.sql import DataFrame, SparkSession

from earwise.log import fields
from earwise.ranking.artefact import SNAPSHOTS
from earwise.spark.features_source import StoreAddress, read_features
from earwise.spark.paths import folder_to_read, folder_to_write
from earwise.store import Store

log = logging.getLogger(__name__)

_TRACKS_PER_PARTITION = 10_000
_FEWEST_PARTITIONS = 4
_FINISHED = "_SUCCESS"  # which Spark writes when every part is there


def snapshot_name(dag_run_id: str, feature_version: str) -> str:
    """The folder of a Dag run's snapshot: the same for its retries, another for every other run or version.

    >>> snapshot_name("manual__2026-01-31T12:00:00+00:00", "mfcc-1")
    'mfcc-1-cce451e44932d44d'
    """
    return f"{feature_version}-{hashlib.sha256(dag_run_id.encode()).hexdigest()[:16]}"


def take_snapshot(
    spark: SparkSession, address: StoreAddress, store: Store, folder: Path, *, dag_run_id: str, feature_version: str
) -> DataFrame:
    """The features of all ready tracks as they were when the Dag run first asked.

    Executors read MongoDB and write Parquet in parallel.

    Parameters
    ----------
    folder : Path
        Of the models' files; executors on other machines have to share it.

    Returns
    -------
    DataFrame
        ``track_id: string, features: array<float>``, in ranges of ``track_id``.
    """
    path = folder / SNAPSHOTS / snapshot_name(dag_run_id, feature_version)
    if not (path / _FINISHED).exists():
        partitions = max(_FEWEST_PARTITIONS, -(-store.features.count(feature_version) // _TRACKS_PER_PARTITION))
        features = read_features(spark, address, feature_version, partitions=partitions)
        # What a killed attempt left is replaced, since it may lack parts.
        features.write.mode("overwrite").parquet(folder_to_write(path))
        log.info("snapshot written", extra=fields(snapshot=path.name, partitions=partitions))
    # A partition for every file, wherever it runs: by default it depends on the cores, and with it what a seed gives.
    spark.conf.set("spark.sql.files.minPartitionNum", len(list(path.glob("*.parquet"))))
    return spark.read.schema("track_id string, features array<float>").parquet(folder_to_read(path))


def read_snapshot(folder: Path, name: str) -> Iterator[pa.RecordBatch]:
    """The rows of a snapshot without Spark, some thousands at a time; none of them empty."""
    for path in sorted((folder / SNAPSHOTS / name).glob("*.parquet")):
        yield from (batch for batch in parquet.ParquetFile(path).iter_batches() if batch.num_rows)
