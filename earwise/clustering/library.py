"""The library in the driver's memory, as executors need it to write assignments and lists."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from earwise.clustering.snapshot import read_snapshot
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Neighbours, Ranking
from earwise.ranking.search import Search
from earwise.store.ranked_lists import Neighbour
from earwise.store.search import fold_text
from earwise.tags import Tags


@dataclass(frozen=True, slots=True)
class Collected:
    """The tracks that a model is made of, in order of id.

    Attributes
    ----------
    features : ndarray [shape=(n, n_features), dtype=float32]
    clusters : ndarray [shape=(n,), dtype=int32]
    """

    track_ids: list[str]
    features: Matrix
    clusters: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Captions:
    """What names clusters and goes with lists of each track, and the genre, folded, that lists are judged by."""

    titles: list[str]
    artists: list[str]
    genres: list[str]


@dataclass(frozen=True, slots=True)
class Library:
    """What travels to executors: the profiles are the one matrix of the library's size.

    Attributes
    ----------
    places : ndarray [shape=(n, 2), dtype=float32]
        On the map.
    """

    track_ids: list[str]
    clusters: NDArray[np.int32]
    captions: Captions
    search: Search
    places: Matrix

    def rows_of(self, track_ids: Iterable[str]) -> NDArray[np.int64]:
        """The rows of these tracks."""
        row_of = {track_id: row for row, track_id in enumerate(self.track_ids)}
        return np.array([row_of[track_id] for track_id in track_ids], np.int64)

    def neighbours(self, rows: NDArray[np.int64], ranking: Ranking) -> list[Neighbours]:
        """The lists of these tracks."""
        return self.search.rank(rows, ranking)

    def described(self, found: Neighbours) -> list[Neighbour]:
        """A list as it is stored."""
        return [
            Neighbour(
                self.track_ids[row],
                float(distance),
                int(self.clusters[row]),
                self.captions.artists[row],
            )
            for row, distance in zip(found.rows, found.distances, strict=True)
        ]


def collect(assigned: DataFrame, folder: Path, snapshot: str) -> Collected:
    """Bring the library to the driver: from Spark what it calculated, from the snapshot what it was trained on.

    Parameters
    ----------
    assigned : DataFrame
        With ``track_id: string, cluster: int``.
    """
    table = assigned.select("track_id", "cluster").sort("track_id").toArrow()
    track_ids = table.column("track_id").to_pylist()
    return Collected(track_ids, _read_features(folder, snapshot, track_ids), table.column("cluster").to_numpy())


def _read_features(folder: Path, snapshot: str, track_ids: Sequence[str]) -> Matrix:
    """Features in the order of these tracks, batch by batch, so that there is never a second matrix of this size."""
    row_of = {track_id: row for row, track_id in enumerate(track_ids)}
    features = np.empty((0, 0), np.float32)
    for batch in read_snapshot(folder, snapshot):
        vectors = to_matrix(batch.column("features"), np.float32)
        if not len(features):
            features = np.empty((len(track_ids), vectors.shape[1]), np.float32)
        features[[row_of[track_id] for track_id in batch.column("track_id").to_pylist()]] = vectors
    return features


def make_captions(track_ids: Sequence[str], found: Iterable[tuple[str, Tags, float]]) -> Captions:
    """Captions in the order of `track_ids`; empty for a track that has left the library meanwhile."""
    count = len(track_ids)
    captions = Captions([""] * count, [""] * count, [""] * count)
    row_of = {track_id: row for row, track_id in enumerate(track_ids)}
    for track_id, tags, _ in found:
        if (row := row_of.get(track_id)) is not None:
            captions.titles[row], captions.artists[row] = tags.title, tags.artist
            captions.genres[row] = sys.intern(fold_text(tags.genre))
    return captions


def to_matrix[Number: np.generic](column: pa.ListArray, dtype: type[Number]) -> NDArray[Number]:
    """The lists of an Arrow column, of one length, as rows of a matrix [shape=(n, length)]."""
    flat: NDArray[Number] = column.flatten().to_numpy(zero_copy_only=False).astype(dtype, copy=False)
    return flat.reshape(len(column), -1 if len(column) else 0)
