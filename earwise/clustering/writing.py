"""What executors write: assignments and lists, each of the partition it holds; only the lists' rows come back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame

from earwise.clustering.library import Library, to_matrix
from earwise.evaluation.measures import Lists, as_lists
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Ranking
from earwise.spark.features_source import StoreAddress
from earwise.store.client import open_store_at
from earwise.store.model_parts import Assignment

_LISTS = pa.schema([("row", pa.int64()), ("neighbours", pa.list_(pa.int32()))])


def write_assignments(
    assigned: DataFrame, library: Broadcast[Library], centroids: Matrix, address: StoreAddress, model_id: str
) -> None:
    """Write the cluster of every track, its place on the map and what surrounds it.

    Parameters
    ----------
    assigned : DataFrame
        With ``track_id: string, cluster: int, scaled: array<float>``.
    centroids : ndarray [shape=(k, n_features), dtype=float32]
        Of the clusters as KMeans counts them; `library` has the numbers that are written.
    """

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with open_store_at(address.uri, address.database) as store:
            for batch in batches:
                track_ids, clusters = batch.column("track_id").to_pylist(), batch.column("cluster").to_numpy()
                distances = np.linalg.norm(to_matrix(batch.column("scaled"), np.float32) - centroids[clusters], axis=1)
                found = _assignments(library.value, track_ids, distances.tolist())
                store.model_parts.put_assignments(model_id, found)
        return iter(())

    written = assigned.select("track_id", "cluster", "scaled").mapInArrow(write, "nothing long")
    written.write.format("noop").mode("overwrite").save()


def write_neighbours(
    assigned: DataFrame, library: Broadcast[Library], ranking: Ranking, address: StoreAddress, model_id: str
) -> Lists:
    """Rank and write the neighbours of every track.

    Parameters
    ----------
    assigned : DataFrame
        With ``track_id: string``.

    Returns
    -------
    ndarray [shape=(n, ranking.n), dtype=int32]
        Rows of the library, nearest first, filled up with -1.
    """

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with open_store_at(address.uri, address.database) as store:
            for batch in batches:
                track_ids = batch.column("track_id").to_pylist()
                rows = library.value.rows_of(track_ids)
                found = library.value.neighbours(rows, ranking)
                described = (library.value.described(one) for one in found)
                store.model_parts.put_neighbours(model_id, zip(track_ids, described, strict=True))
                yield pa.record_batch([rows, list(as_lists(found, ranking.n))], schema=_LISTS)

    table = assigned.select("track_id").mapInArrow(write, "row long, neighbours array<int>").toArrow()
    lists = np.full((len(library.value.track_ids), ranking.n), -1, np.int32)
    for batch in filter(len, table.to_batches()):
        lists[batch.column("row").to_numpy()] = to_matrix(batch.column("neighbours"), np.int32)
    return lists


def _assignments(library: Library, track_ids: list[str], distances: list[float]) -> Iterator[Assignment]:
    surroundings = library.search.catalogue.surroundings
    rows = library.rows_of(track_ids)
    for row, track_id, distance in zip(rows, track_ids, distances, strict=True):
        x, y = library.places[row].tolist()
        around = (float(surroundings.centre[row]), float(surroundings.spread[row]))
        yield Assignment(track_id, int(library.clusters[row]), distance, (x, y), around)
