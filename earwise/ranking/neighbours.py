"""Exact nearest neighbours by Euclidean distance, in blocks of bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earwise.errors import TrainingDataError

Matrix = NDArray[np.float32]
_BLOCK_BYTES = 64 * 2**20


def nearest_neighbours(
    queries: Matrix, catalogue: Matrix, query_rows: NDArray[np.int64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `n` rows of `catalogue` nearest to each query, nearest first, the query itself left out.

    Equal distances are ranked by row. Of more copies of a track than `n`, which ones are kept is not defined.

    Parameters
    ----------
    queries : ndarray [shape=(q, n_features), dtype=float32]
    catalogue : ndarray [shape=(n_tracks, n_features), dtype=float32]
    query_rows : ndarray [shape=(q,), dtype=int64]
        Which row of `catalogue` each query is.
    n : int
        How many neighbours; fewer if the catalogue is smaller.

    Returns
    -------
    rows : ndarray [shape=(q, m), dtype=int64]
        With ``m = min(n, n_tracks - 1)``.
    distances : ndarray [shape=(q, m), dtype=float32]
        Euclidean distances, rising along each row.

    Raises
    ------
    TrainingDataError
        If the features are not finite.
    """
    if not (np.isfinite(queries).all() and np.isfinite(catalogue).all()):
        raise TrainingDataError("Features hold values that are not numbers; nothing can be ranked by them.")
    kept = min(n, len(catalogue) - 1)
    rows = np.empty((len(queries), kept), np.int64)
    distances = np.empty((len(queries), kept), np.float32)
    norms = np.einsum("ij,ij->i", catalogue, catalogue)
    step = max(1, _BLOCK_BYTES // (4 * max(1, len(catalogue))))
    for start in range(0, len(queries) if kept else 0, step):
        block = slice(start, start + step)
        rows[block], distances[block] = _nearest_of_block(queries[block], catalogue, norms, query_rows[block], kept)
    return rows, distances


def _nearest_of_block(
    queries: Matrix, catalogue: Matrix, norms: Matrix, query_rows: NDArray[np.int64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    # |q - c|^2 less |q|^2, which is the same along a row and so does not change who is near.
    squared = norms - 2 * (queries @ catalogue.T)
    squared[np.arange(len(queries)), query_rows] = np.inf
    nearest = np.argpartition(squared, n - 1, axis=1)[:, :n]
    # The expanded form cancels for near tracks; the few that are kept are measured again by the difference.
    differences = catalogue[nearest] - queries[:, None, :]
    distances = np.sqrt(np.einsum("qnf,qnf->qn", differences, differences))
    order = np.lexsort((nearest, distances), axis=1)
    return np.take_along_axis(nearest, order, axis=1), np.take_along_axis(distances, order, axis=1)
