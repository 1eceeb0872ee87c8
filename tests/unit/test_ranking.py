"""Distance, Mutual Proximity and ranked lists."""

from __future__ import annotations

import math

import numpy as np
import pytest

from earwise.errors import TrainingDataError
from earwise.ranking import neighbours as search
from earwise.ranking.catalogue import find_copies
from earwise.ranking.layout import Dimension, Layout, summary_layout
from earwise.ranking.metric import Matrix, Metric, fit_metric
from earwise.ranking.neighbours import Queries, Ranking, queries_of, rank_neighbours
from earwise.ranking.proximity import Surroundings, mutual_proximity, normal_cdf, reference_rows
from earwise.ranking.search import plan_search
from tests.unit.sounds import catalogue_of, make_sounds, track_ids


def every_row(catalogue) -> np.ndarray:
    return np.arange(len(catalogue))


def divergence(ours: np.ndarray, theirs: np.ndarray, n: int) -> float:
    """Symmetric divergence of two summary vectors by its definition, the deltas counted twice."""
    total = 0.0
    for number in range(2 * n):
        weight = 1 if number < n else 2
        m1, m2 = (float(v[number]) if number < n else 0.0 for v in (ours, theirs))
        v1, v2 = (float(v[n + number]) ** 2 for v in (ours, theirs))
        for a, b in (((m1, v1), (m2, v2)), ((m2, v2), (m1, v1))):
            kl = 0.5 * (math.log(b[1] / a[1]) + (a[1] + (a[0] - b[0]) ** 2) / b[1] - 1)
            total += weight * kl
    return total


# --- distance ---


def test_distance_is_the_logarithm_of_the_symmetric_divergence() -> None:
    features = make_sounds(4, 5)
    metric = fit_metric(features, summary_layout(features.shape[1]))
    profiles = metric.profile(features)
    expected = [math.log1p(divergence(features[0], other, 13)) for other in features[1:]]
    # A share of 0.03 is added to every variance.
    assert metric.measure(profiles[0], profiles[1:]) == pytest.approx(expected, rel=0.06)


def test_product_of_matrices_gives_what_pairs_give() -> None:
    features = make_sounds(5, 20)
    metric = fit_metric(features, summary_layout(features.shape[1]))
    profiles = metric.profile(features)
    by_pairs = metric.measure(profiles[:, None], profiles[None])
    by_product = metric.between(profiles, metric.expand(profiles))
    assert by_product.dtype == by_pairs.dtype == np.float32
    assert np.abs(by_product - by_pairs).max() < 1e-3
    assert np.allclose(by_pairs, by_pairs.T, atol=1e-5)


def test_profiles_may_take_the_place_of_the_features() -> None:
    features = make_sounds(3, 20)
    metric = fit_metric(features, summary_layout(features.shape[1]))
    expected = metric.profile(features)
    found = metric.profile_in_place(features)
    assert np.shares_memory(found, features)
    np.testing.assert_array_equal(found, expected)


def test_distance_does_not_depend_on_the_scale_of_a_coefficient() -> None:
    features = make_sounds(4, 10)
    louder = features.copy()
    n = features.shape[1] // 3
    louder[:, [0, n, 2 * n]] *= 50
    louder[:, 0] += 1000
    distances = []
    for one in (features, louder):
        metric = fit_metric(one, summary_layout(one.shape[1]))
        profiles = metric.profile(one)
        distances.append(metric.measure(profiles[:, None], profiles[None]))
    assert np.allclose(*distances, atol=1e-3)


@pytest.mark.parametrize(
    "layout",
    [
        Layout(tuple(Dimension(number, None) for number in range(13))),
        Layout(tuple(Dimension(None, 13 + number) for number in range(13))),
    ],
    ids=["means alone", "deviations alone"],
)
def test_collection_without_all_statistics_is_ranked_by_those_it_has(layout: Layout) -> None:
    features = make_sounds(4, 10, apart=6)
    metric = fit_metric(features, layout)
    profiles = metric.profile(features)
    distances = metric.measure(profiles[:, None], profiles[None])
    assert np.isfinite(distances).all()
    same = np.kron(np.eye(4), np.ones((10, 10))).astype(bool)
    assert distances[same].mean() < 0.8 * distances[~same].mean()


def test_tracks_of_constant_sound_and_outliers_stay_finite() -> None:
    features = make_sounds(3, 10)
    features[0, 13:] = 0
    features[1] = 1e30
    features[2] = -1e30
    metric, catalogue = catalogue_of(features)
    for one in rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(5)):
        assert len(one.rows) == 5
        assert np.isfinite(one.distances).all()


def test_features_that_are_not_numbers_are_refused() -> None:
    features = make_sounds(2, 5)
    features[3, 4] = np.nan
    with pytest.raises(TrainingDataError, match="not numbers"):
        fit_metric(features, summary_layout(features.shape[1]))


def test_layout_that_does_not_fit_is_refused() -> None:
    with pytest.raises(TrainingDataError, match="10 are not"):
        summary_layout(10)


# --- Mutual Proximity ---


def test_normal_distribution_is_exact_in_both_tails() -> None:
    z = np.linspace(-8, 8, 161, dtype=np.float32)
    expected = [0.5 * math.erfc(-float(value) / math.sqrt(2)) for value in z]
    assert normal_cdf(z) == pytest.approx(expected, rel=3e-7)


def test_proximity_is_mutual() -> None:
    hub, loner = Surroundings(np.float32([1.0]), np.float32([0.5])), Surroundings(np.float32([3.0]), np.float32([0.5]))
    one, other = (mutual_proximity(np.float32([2.0]), *pair) for pair in ((hub, loner), (loner, hub)))
    assert one == other
    assert 0 < one[0] < 1


def test_reference_sample_changes_by_a_track_at_most_when_one_is_added() -> None:
    ids = track_ids(500)
    before = {ids[row] for row in reference_rows(ids, 100)}
    for added in ("another", "and another"):
        more = sorted([*ids, added])
        after = {more[row] for row in reference_rows(more, 100)}
        assert len(before) == 100
        assert len(before - after) <= 1


def test_surroundings_follow_the_neighbourhood_on_the_scale_of_all_distances() -> None:
    rng = np.random.default_rng(4)
    crowd, loners = make_sounds(1, 150, apart=0.2), make_sounds(50, 1, seed=5, apart=3)
    metric, catalogue = catalogue_of(np.concatenate([crowd, loners])[rng.permutation(200)])
    apart = metric.measure(catalogue.profiles[:, None], catalogue.profiles)
    centre = catalogue.surroundings.centre
    assert centre.mean() == pytest.approx(apart[~np.eye(200, dtype=bool)].mean(), rel=1e-3)
    near = np.sort(apart, axis=1)[:, 1:11].mean(axis=1)
    assert np.corrcoef(centre, near)[0, 1] == pytest.approx(1, abs=1e-4)


def test_mutual_proximity_leaves_fewer_hubs_and_orphans_than_the_distance() -> None:
    features = make_sounds(20, 15, apart=0.4)
    metric, catalogue = catalogue_of(features)
    distances = metric.measure(catalogue.profiles[:, None], catalogue.profiles[None])
    np.fill_diagonal(distances, np.inf)
    plain = np.bincount(np.argsort(distances, axis=1)[:, :10].ravel(), minlength=300)
    lists = rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(10))
    mutual = np.bincount(np.concatenate([one.rows for one in lists]), minlength=300)
    assert mutual.sum() == plain.sum()
    assert mutual.max() < plain.max()
    assert (mutual == 0).sum() <= (plain == 0).sum()


# --- the index ---


def test_index_finds_what_the_whole_catalogue_has() -> None:
    features = make_sounds(150, 12, apart=0.6)
    artists = [f"artist {row % 200}" for row in range(1800)]
    metric, catalogue = catalogue_of(features, artists=artists)
    search = plan_search(metric, catalogue, most_exact=1000)
    assert search.cells is not None
    assert len(search.cells.centres) == 42
    assert search.cells.asked < 42
    assert sorted(search.cells.rows.tolist()) == list(range(1800))
    rows, ranking = np.arange(0, 1800, 4), Ranking(20, 2)
    exact = rank_neighbours(metric, queries_of(catalogue, rows), catalogue, ranking)
    found = search.rank(rows, ranking)
    shared = [len(set(a.rows[:10]) & set(b.rows[:10])) for a, b in zip(found, exact, strict=True)]
    assert np.mean(shared) >= 9.9
    for row, one in zip(rows, found, strict=True):
        assert len(one.rows) == 20
        assert row not in one.rows
        assert (np.diff(one.distances) >= 0).all()


def test_large_catalogue_is_never_expanded_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    metric, catalogue = catalogue_of(make_sounds(100, 12))
    expand, sizes = Metric.expand, []

    def note_size(metric: Metric, profiles: Matrix) -> Matrix:
        sizes.append(len(profiles))
        return expand(metric, profiles)

    monkeypatch.setattr(Metric, "expand", note_size)
    monkeypatch.setattr(search, "_TILE_ROWS", 256)
    monkeypatch.setattr(search, "MOST_EXPANDED", 1000)
    monkeypatch.setattr(search, "_BLOCK_BYTES", 4 * 1200 * 8)
    plan_search(metric, catalogue, most_exact=1000).rank(np.arange(0, 1200, 100), Ranking(10))
    assert max(sizes) <= 256
    monkeypatch.setattr(search, "MOST_EXPANDED", 1200)
    rank_neighbours(metric, queries_of(catalogue, np.arange(8)), catalogue, Ranking(10))
    assert max(sizes) <= 256
    rank_neighbours(metric, queries_of(catalogue, np.arange(9)), catalogue, Ranking(10))
    assert max(sizes) == 1200


def test_index_of_identical_tracks_ends_in_empty_lists() -> None:
    metric, catalogue = catalogue_of(np.ones((60, 39), np.float32))
    search = plan_search(metric, catalogue, most_exact=10)
    assert [len(one.rows) for one in search.rank(np.arange(60), Ranking(10))] == [0] * 60


# --- lists ---


def test_neighbours_are_of_the_same_group_in_order_and_never_the_track_itself() -> None:
    features = make_sounds(6, 12, apart=8)
    metric, catalogue = catalogue_of(features)
    for row, one in enumerate(
        rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(11))
    ):
        assert row not in one.rows
        assert {found // 12 for found in one.rows} == {row // 12}
        assert (np.diff(one.distances) >= 0).all()
        assert one.distances[0] >= 0


def test_fast_search_finds_what_ranking_every_pair_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_FEWEST_CANDIDATES", 60)
    monkeypatch.setattr(search, "_BLOCK_BYTES", 4 * 1200 * 100)
    features = make_sounds(100, 12, apart=0.5)
    artists = [f"artist {row % 90}" for row in range(1200)]
    metric, catalogue = catalogue_of(features, artists=artists)
    queries = queries_of(catalogue, np.arange(0, 1200, 5))
    fast = rank_neighbours(metric, queries, catalogue, Ranking(15, 2))
    truth = rank_neighbours(metric, queries, catalogue, Ranking(15, 2, is_exhaustive=True))
    shared = [len(set(a.rows[:10]) & set(b.rows[:10])) for a, b in zip(fast, truth, strict=True)]
    assert np.mean(shared) >= 9.9


def test_track_that_is_not_in_the_catalogue_finds_its_kind() -> None:
    features = make_sounds(6, 12, apart=8)
    metric, catalogue = catalogue_of(features[1:])
    stranger = metric.profile(features[:1])
    nowhere = np.array([-1])
    queries = Queries(stranger, catalogue.surroundings.take(np.array([0])), nowhere, nowhere)
    (found,) = rank_neighbours(metric, queries, catalogue, Ranking(11))
    assert sorted(found.rows) == list(range(11))


def test_recording_stands_once_and_never_in_its_own_list() -> None:
    features = make_sounds(4, 10, apart=2)
    copies = features[[0, 0, 7]] * np.float32(1.001)
    names = [f"name {row}" for row in range(40)] + ["name 0", "name 0", "name 7"]
    metric, catalogue = catalogue_of(np.concatenate([features, copies]), names)
    lists = rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(50))
    for row, one in enumerate(lists):
        recordings = [names[found] for found in one.rows]
        assert len(recordings) == len(set(recordings)) == 39
        assert names[row] not in recordings


def test_tracks_of_one_name_that_sound_different_are_no_copies() -> None:
    features = make_sounds(4, 10, apart=2)
    metric, catalogue = catalogue_of(features)
    found = find_copies(metric, catalogue.profiles, ["intro"] * 40)
    assert len(set(found.tolist())) > 30


def test_identical_tracks_are_one_recording_whatever_their_names() -> None:
    features = make_sounds(4, 10, apart=2)
    features[20] = features[3]
    _, catalogue = catalogue_of(features, [f"name {row}" for row in range(40)])
    assert catalogue.groups.copies[20] == 3


def test_artist_stands_in_a_list_as_often_as_is_allowed_and_the_list_is_filled() -> None:
    features = make_sounds(30, 20, apart=4)
    artists = [f"artist {row // 20}" for row in range(560)] + [""] * 40
    metric, catalogue = catalogue_of(features, artists=artists)
    for one in rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(50, 2)):
        assert len(one.rows) == 50
        named = [artists[row] for row in one.rows if artists[row]]
        assert max(named.count(artist) for artist in set(named)) <= 2


def test_list_is_filled_although_one_artist_has_all_near_tracks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_FEWEST_CANDIDATES", 20)
    features = make_sounds(2, 100, apart=8)
    artists = ["prolific"] * 100 + [f"artist {row}" for row in range(100)]
    metric, catalogue = catalogue_of(features, artists=artists)
    (found,) = rank_neighbours(metric, queries_of(catalogue, np.array([0])), catalogue, Ranking(5, 2))
    assert [artists[row] for row in found.rows][:2] == ["prolific"] * 2
    assert len(found.rows) == 5


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_library_has_the_lists_that_it_can_have(n: int) -> None:
    metric, catalogue = catalogue_of(make_sounds(1, n))
    lists = rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(10))
    assert [len(one.rows) for one in lists] == [n - 1] * n


def test_library_of_identical_tracks_is_one_recording() -> None:
    metric, catalogue = catalogue_of(np.ones((12, 39), np.float32))
    lists = rank_neighbours(metric, queries_of(catalogue, every_row(catalogue)), catalogue, Ranking(10))
    assert [len(one.rows) for one in lists] == [0] * 12
