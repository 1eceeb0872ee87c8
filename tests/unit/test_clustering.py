"""Choice of k, names and ids of models."""

from __future__ import annotations

import pytest

from earwise.clustering.ks import choose_k, ks_to_try
from earwise.clustering.naming import name_clusters
from earwise.clustering.publishing import model_id_of
from earwise.errors import TrainingDataError
from earwise.store.model_runs import KTrial
from earwise.store.tracks import Tags


@pytest.mark.parametrize("tracks", [1, 2, 3, 10, 100, 1_000, 106_574, 1_000_000])
def test_every_library_gets_a_rising_range_that_it_can_fill(tracks: int) -> None:
    ks = ks_to_try(tracks)
    assert ks == sorted(set(ks))
    assert 1 <= len(ks) <= 6
    assert ks[0] >= 2
    assert ks[-1] <= max(2, min(48, tracks - 1))


def test_asked_bounds_are_kept_and_cut_to_the_library() -> None:
    assert ks_to_try(1_000, 5, 7) == [5, 6, 7]
    assert ks_to_try(6, 4, 400) == [4, 5]
    with pytest.raises(TrainingDataError, match="k_min=9 is greater than k_max=3"):
        ks_to_try(100, 9, 3)


def trial(k: int, silhouette: float, sizes: tuple[int, ...] = (5, 5)) -> KTrial:
    return KTrial(k, silhouette, 1.0, sizes, 0.1)


def test_highest_silhouette_wins_and_fewer_clusters_among_equals() -> None:
    assert choose_k([trial(2, 0.1), trial(5, 0.4), trial(7, 0.4)]).k == 5


def test_one_populated_cluster_is_no_clustering() -> None:
    assert choose_k([trial(2, 0.9, (10, 0)), trial(3, 0.1, (5, 5, 0))]).k == 3
    with pytest.raises(TrainingDataError):
        choose_k([trial(2, 0.0, (10, 0))])


def test_names_are_distinct_even_where_tags_are_not() -> None:
    names = name_clusters({number: [Tags("Same", "Same", genre="Same")] * 3 for number in range(3)})
    assert len(set(names.values())) == 3


def test_a_tag_that_is_everywhere_names_nothing() -> None:
    rock = [Tags(f"r{n}", artist="Ann", genre="Game") for n in range(4)]
    folk = [Tags(f"f{n}", artist="Bo", genre="Game") for n in range(4)]
    assert name_clusters({0: rock, 1: folk}) == {0: "Ann", 1: "Bo"}


def test_model_ids_differ_between_runs_of_one_second() -> None:
    assert model_id_of("manual__2026-01-31T12:00:00+00:00") != model_id_of("scheduled__2026-01-31T12:00:00+00:00")
