"""A Spark data source for the features of ready tracks, read from MongoDB in Python without a JVM connector.

Audio ids are digests, hence evenly spread: equal ranges of their first digits are partitions of equal size, and no
query is needed to find their bounds. Each executor opens a client of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from earwise.store.client import open_store_at

_SCHEMA = "track_id string, features array<float>"
_ARROW_SCHEMA = pa.schema([("track_id", pa.string()), ("features", pa.list_(pa.float32()))])
_ROWS_PER_BATCH = 4_096
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where executors find the store; travels to them, so it is two plain texts."""

    uri: str
    database: str


def read_features(spark: SparkSession, address: StoreAddress, feature_version: str, *, partitions: int) -> DataFrame:
    """Features of all ready tracks in one version.

    Returns
    -------
    DataFrame
        ``track_id: string, features: array<float>``, in `partitions` ranges of ``track_id``.
    """
    spark.dataSource.register(FeaturesSource)
    return (
        spark.read.format(FeaturesSource.name())
        .options(
            uri=address.uri,
            database=address.database,
            feature_version=feature_version,
            partitions=str(partitions),
        )
        .load()
    )


def id_ranges(count: int) -> list[tuple[str, str]]:
    """Split the space of audio ids into `count` ranges [first, end).

    >>> id_ranges(2)
    [('00000000', '80000000'), ('80000000', 'g')]
    """
    size = 16**_DIGITS
    bounds = [f"{size * number // count:0{_DIGITS}x}" for number in range(count)]
    return list(zip(bounds, [*bounds[1:], "g"], strict=True))


class IdRange(InputPartition):
    """The track ids in [first, end)."""

    def __init__(self, first: str, end: str) -> None:
        super().__init__((first, end))
        self.first = first
        self.end = end


class FeaturesSource(DataSource):
    """``spark.read.format("earwise_features")``."""

    @classmethod
    def name(cls) -> str:
        """Name of the format."""
        return "earwise_features"

    def schema(self) -> str:
        """Schema of the rows."""
        return _SCHEMA

    def reader(self, schema: StructType) -> DataSourceReader:
        """Reader of one query."""
        options = self.options
        return FeaturesReader(
            StoreAddress(options["uri"], options["database"]), options["feature_version"], int(options["partitions"])
        )


class FeaturesReader(DataSourceReader):
    """Reads ranges of ids as Arrow batches."""

    def __init__(self, address: StoreAddress, feature_version: str, partition_count: int) -> None:
        self._address = address
        self._feature_version = feature_version
        self._partition_count = partition_count

    def partitions(self) -> Sequence[InputPartition]:
        """Equal ranges of ids."""
        return [IdRange(first, end) for first, end in id_ranges(self._partition_count)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the features of the ready tracks of one range, in order of id."""
        assert isinstance(partition, IdRange)  # noqa: S101 - partitions() makes nothing else
        with open_store_at(self._address.uri, self._address.database) as store:
            ready = set(store.tracks.ready_ids(partition.first, partition.end))
            read = store.features.read_range(self._feature_version, partition.first, partition.end)
            found = (row for row in read if row.audio_id in ready)
            for rows in batched(found, _ROWS_PER_BATCH):
                columns = [[row.audio_id for row in rows], [row.vector for row in rows]]
                yield pa.record_batch(columns, schema=_ARROW_SCHEMA)
