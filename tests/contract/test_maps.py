"""What every MongoDB-protocol server must do for the map of a model: one edition at a time, whole."""

from __future__ import annotations

import numpy as np
import pytest

from earwise.clustering.drawing import draw_map
from earwise.store import Store
from earwise.store.maps import PAGE_SIZE, Maps
from earwise.store.model_parts import Assignment, Neighbour
from tests.models import track_id


def assignments(count: int, clusters: int = 3) -> list[Assignment]:
    """Tracks in clusters in turn, each farther from the middle than the one before."""
    return [Assignment(track_id(n), n % clusters, n / 1000, place=(n / 10, -n / 5)) for n in range(count)]


def test_a_map_holds_every_track_where_the_model_puts_it(store: Store) -> None:
    store.maps.put("m", reversed(assignments(30)))
    drawn = store.maps.find("m")
    assert drawn.sizes == {0: 10, 1: 10, 2: 10}
    places = np.frombuffer(store.maps.points(drawn.edition), "<u2").reshape(-1, 2)
    expected = [one.place for one in sorted(assignments(30), key=lambda one: (one.cluster, one.distance))]
    assert [drawn.steps(place) for place in expected] == [tuple(place) for place in places.tolist()]
    # The longer side takes all steps, and the other one is in proportion.
    assert places[:, 1].min() == 0
    assert places[:, 1].max() == 65_535
    assert places[:, 0].max() == pytest.approx(65_535 / 2, abs=1)


def test_members_come_page_by_page_with_the_most_typical_first(store: Store) -> None:
    drawn = store.maps.put("m", assignments(3 * 1_120))
    assert drawn.pages(1) == 23
    found = [store.maps.members(drawn.edition, 1, page) for page in range(1, 24)]
    assert [len(page) for page in found] == [PAGE_SIZE] * 22 + [20]
    assert [one.track_id for page in found for one in page] == [track_id(n) for n in range(1, 3 * 1_120, 3)]
    assert found[20][0].distance == pytest.approx((3 * 1_000 + 1) / 1000)
    assert store.maps.members(drawn.edition, 1, 24) == []
    assert store.maps.members(drawn.edition, 7, 1) == []
    assert store.maps.track_at(drawn.edition, 2, 1_119) == track_id(3 * 1_119 + 2)
    assert store.maps.track_at(drawn.edition, 2, 1_120) is None
    assert store.maps.track_at("other", 2, 0) is None


def test_other_tracks_are_another_edition_and_the_former_goes(store: Store) -> None:
    first = store.maps.put("m", assignments(30))
    kept = store.maps.put("other", assignments(30))
    assert store.maps.put("m", assignments(30)) == first
    second = store.maps.put("m", assignments(31))
    assert second.edition != first.edition
    assert store.maps.points(first.edition) is None
    assert len(store.maps.points(second.edition) or b"") == 4 * 31
    assert store.maps.find("other") == kept


def test_places_that_are_all_the_same_and_no_tracks_make_a_map(store: Store) -> None:
    store.maps.put("none", [])
    assert store.maps.find("none").tracks == 0
    drawn = store.maps.put("same", [Assignment(track_id(n), 0, 0.0) for n in range(3)])
    assert store.maps.points(drawn.edition) == bytes(12)


def test_a_map_goes_with_its_model(store: Store) -> None:
    drawn = store.maps.put("m", assignments(3))
    store.model_parts.delete("m")
    assert store.maps.find("m") is None
    assert store.maps.points(drawn.edition) is None


def test_a_map_is_drawn_anew_where_tracks_have_come_and_only_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.model_parts.put_assignments("m", assignments(9))
    draw_map(store, "m", 9)
    before = store.maps.find("m")
    store.model_parts.put_assignments("m", assignments(10))
    draw_map(store, "m", 10)
    assert store.maps.find("m").tracks == 10
    assert store.maps.find("m") != before
    monkeypatch.setattr(Maps, "put", None)
    draw_map(store, "m", 10)


def test_neighbours_lie_where_the_model_puts_them(store: Store) -> None:
    store.model_parts.put_assignments("m", assignments(6))
    near = [Neighbour(track_id(n), n / 10, 0) for n in (4, 2, 5)]
    store.model_parts.put_neighbours("m", [(track_id(1), near), (track_id(3), [])])
    places = [one.place for one in assignments(6)]
    assert store.serving.find_places("m", track_id(1), limit=2) == [places[1], places[4], places[2]]
    assert store.serving.find_places("m", track_id(3), limit=2) == [places[3]]
    assert store.serving.find_places("m", track_id(9), limit=2) == []
