"""Choice of k, names and ids of models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from earwise.clustering.ks import CHANGE_MARGIN, choose_k, earlier_nights, ks_to_try
from earwise.clustering.matching import Yesterday, cluster_means, match_centroids, note_changes
from earwise.clustering.naming import Portrait, name_clusters
from earwise.clustering.publishing import model_id_of
from earwise.clustering.sounds import describe_sound
from earwise.errors import TrainingDataError
from earwise.store.model_changes import Move
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.tracks import Tags

NIGHT = datetime(2026, 1, 31, 2, tzinfo=UTC)


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


def test_present_k_is_among_those_tried_and_takes_no_more_trials() -> None:
    for present in range(2, 99):
        ks = ks_to_try(100, present_k=present)
        assert present in ks
        assert len(ks) == 6
    assert ks_to_try(100, 3, 5, present_k=9) == [3, 4, 5]
    assert 200 not in ks_to_try(100, present_k=200)


def night(best: int, ahead: float = CHANGE_MARGIN) -> list[KTrial]:
    """Trials of 4, 5 and 6, of which one is ahead of the others."""
    return [trial(k, 0.2 + ahead * (k == best)) for k in (4, 5, 6)]


def test_k_changes_on_the_third_night_that_prefers_another() -> None:
    assert choose_k(night(6), 5, []).k == 5
    assert choose_k(night(6), 5, [night(6)]).k == 5
    assert choose_k(night(6), 5, [night(4), night(6)]).k == 6
    assert choose_k(night(6), 5, [night(5), night(6), night(6)]).k == 5


def test_k_stays_while_another_is_hardly_better() -> None:
    hardly = night(6, CHANGE_MARGIN * 0.9)
    assert choose_k(hardly, 5, [night(6), night(6)]).k == 5
    assert choose_k(night(6), 5, [hardly, night(6)]).k == 5


def test_first_model_and_a_range_without_the_present_k_take_the_best_at_once() -> None:
    assert choose_k(night(6), None).k == 6
    assert choose_k(night(6), 9).k == 6
    assert choose_k([trial(5, 0.9, (10, 0)), trial(6, 0.1)], 5).k == 6


def test_night_is_the_last_run_of_a_day_before_today_that_ended_well() -> None:
    def run(hours: float, k: int, version: str = "v") -> ModelRun:
        created = NIGHT - timedelta(hours=hours)
        return ModelRun(f"m{hours}", "d", version, ModelStatus.RETIRED, created, 1, k=k, trials=(trial(2, hours),))

    runs = [run(1, 5), run(20, 0), run(24, 5), run(25, 5), run(48, 5, "other"), run(72, 5)]
    assert [trials[0].silhouette for trials in earlier_nights(runs, "v", NIGHT)] == [24, 72]


def test_clusters_keep_their_numbers_when_kmeans_counts_them_differently() -> None:
    rng = np.random.default_rng(0)
    before = {number: rng.uniform(size=8).astype(np.float32) for number in (0, 3, 5, 7)}
    today = np.stack([before[number] + 0.01 for number in (5, 7, 0, 3)])
    assert match_centroids(today, before) == [5, 7, 0, 3]
    assert match_centroids(today[:2], before) == [5, 7]


def test_pairing_is_the_best_as_a_whole_and_not_for_each_alone() -> None:
    today = np.float32([[0.0], [1.0]])
    # Both lie nearest to cluster 0, which goes to the one that would lose most by another.
    assert match_centroids(today, {0: np.float32([1.2]), 1: np.float32([4])}) == [0, 1]


def test_new_clusters_take_numbers_that_were_free() -> None:
    today = np.float32([[0], [10], [20], [30]])
    assert match_centroids(today, {1: np.float32([10]), 2: np.float32([30])}, taken=[0]) == [3, 1, 4, 2]
    assert match_centroids(today, {}) == [0, 1, 2, 3]


def test_means_leave_out_tracks_of_no_cluster() -> None:
    features = np.float32([[0, 0], [2, 4], [9, 9], [5, 5]])
    means = cluster_means(features, np.array([1, 1, -1, 4]))
    assert {number: mean.tolist() for number, mean in means.items()} == {1: [1, 2], 4: [5, 5]}


def test_what_moved_counts_every_track_once() -> None:
    yesterday = Yesterday("old", {0: "Jazz", 1: "Rock", 2: "Folk"}, np.array([0, 0, 0, 1, 1, 2, -1]), gone=2)
    changes = note_changes(yesterday, np.array([0, 1, 1, 1, 1, 3, 3]), {0: "Jazz", 1: "Metal", 3: "Dark"})
    assert (changes.stayed, changes.moved, changes.new, changes.gone) == (3, 3, 1, 2)
    assert changes.moves == (Move("Jazz", "Metal", 0, 1, 2), Move("Folk", "Dark", 2, 3, 1))
    assert changes.renamed == (("Rock", "Metal"),)
    assert (changes.appeared, changes.vanished) == (("Dark",), ("Folk",))


def test_sound_is_described_by_what_is_unlike_the_library() -> None:
    centroid = np.float32([2, -1, 0, 0, 0.1, 0])
    assert describe_sound(centroid, np.zeros(6), np.ones(6)) == ["Loud and bright", "Loud", "Bright"]
    assert describe_sound(np.zeros(6, np.float32), np.zeros(6), np.ones(6)) == []
    assert describe_sound(centroid, np.zeros(6), np.zeros(6)) == []
    assert describe_sound(np.ones(4, np.float32), np.zeros(4), np.ones(4)) == []


def test_untagged_clusters_are_named_by_their_sound() -> None:
    untagged = [Tags("one"), Tags("two")]
    portraits = {number: Portrait(untagged, ["Dark and smooth", "Dark"]) for number in range(3)}
    assert list(name_clusters(portraits).values()) == ["Dark and smooth", "Dark", "Like “one”"]


def test_cluster_keeps_its_name_while_it_holds() -> None:
    jazz = [Tags("a", genre="Jazz")] * 5 + [Tags("b", genre="Swing")] * 3 + [Tags("c")] * 2
    rock = [Tags("d", genre="Rock")] * 10
    assert name_clusters({0: Portrait(jazz), 1: Portrait(rock)}) == {0: "Jazz", 1: "Rock"}
    assert name_clusters({0: Portrait(jazz, former="Swing"), 1: Portrait(rock, former="Folk")}) == {
        0: "Swing",
        1: "Rock",
    }


def test_share_that_just_falls_short_does_not_rename_a_cluster() -> None:
    mixed = [Tags("a", genre="Jazz")] * 25 + [Tags("b")] * 75
    others = {1: Portrait([Tags("c", genre="Rock")] * 100)}
    assert name_clusters({0: Portrait(mixed), **others})[0] == "Like “a”"
    assert name_clusters({0: Portrait(mixed, former="Jazz"), **others})[0] == "Jazz"


def test_names_are_distinct_even_where_tags_are_not() -> None:
    same = Portrait([Tags("Same", "Same", genre="Same")] * 3)
    names = name_clusters(dict.fromkeys(range(3), same))
    assert len(set(names.values())) == 3


def test_a_tag_that_is_everywhere_names_nothing() -> None:
    rock = [Tags(f"r{n}", artist="Ann", genre="Game") for n in range(4)]
    folk = [Tags(f"f{n}", artist="Bo", genre="Game") for n in range(4)]
    assert name_clusters({0: Portrait(rock), 1: Portrait(folk)}) == {0: "Ann", 1: "Bo"}


def test_model_ids_differ_between_runs_of_one_second() -> None:
    assert model_id_of("manual__2026-01-31T12:00:00+00:00") != model_id_of("scheduled__2026-01-31T12:00:00+00:00")
