"""Exact neighbours against the plainest possible search."""

from __future__ import annotations

import numpy as np
import pytest

from earwise.errors import TrainingDataError
from earwise.ranking import neighbours
from earwise.ranking.neighbours import nearest_neighbours


def test_agrees_with_sorting_all_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK_BYTES", 4 * 200 * 7)  # several blocks
    catalogue = np.random.default_rng(0).normal(size=(200, 10)).astype(np.float32)
    queries = np.arange(0, 200, 3)
    rows, distances = nearest_neighbours(catalogue[queries], catalogue, queries, 15)
    for found, found_distances, query in zip(rows, distances, queries, strict=True):
        expected = np.linalg.norm(catalogue - catalogue[query], axis=1)
        expected[query] = np.inf
        assert np.array_equal(found, np.argsort(expected, kind="stable")[:15])
        assert np.allclose(found_distances, np.sort(expected)[:15], atol=1e-6)


def test_copies_are_at_distance_zero_and_ranked_by_row() -> None:
    catalogue = np.full((6, 4), 0.3, np.float32)
    rows, distances = nearest_neighbours(catalogue, catalogue, np.arange(6), 3)
    assert rows[0].tolist() == [1, 2, 3]
    assert rows[5].tolist() == [0, 1, 2]
    assert not distances.any()


@pytest.mark.parametrize("tracks", [1, 2, 4])
def test_small_catalogues_give_fewer_neighbours(tracks: int) -> None:
    catalogue = np.random.default_rng(0).normal(size=(tracks, 4)).astype(np.float32)
    rows, distances = nearest_neighbours(catalogue, catalogue, np.arange(tracks), 50)
    assert rows.shape == distances.shape == (tracks, tracks - 1)


def test_values_that_are_not_numbers_are_refused() -> None:
    catalogue = np.zeros((3, 2), np.float32)
    catalogue[1, 1] = np.nan
    with pytest.raises(TrainingDataError):
        nearest_neighbours(catalogue, catalogue, np.arange(3), 2)
