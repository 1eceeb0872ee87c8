"""What every MongoDB-protocol server must do for the map of a model: one edition at a time, whole."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from earwise.clustering.drawing import draw_map
from earwise.store import Store, maps
from earwise.store.ids import pack_ids
from earwise.store.maps import PAGE_SIZE, Maps, SoundMap
from earwise.store.model_parts import Assignment, Cluster, ModelParts
from earwise.store.ranked_lists import Neighbour
from tests.models import track_id


def assignments(count: int, clusters: int = 3) -> list[Assignment]:
    """Tracks in clusters in turn, each farther from the middle than the one before."""
    return [Assignment(track_id(n), n % clusters, n / 1000, place=(n / 10, -n / 5)) for n in range(count)]


def draw(store: Store, model_id: str, found: Sequence[Assignment]) -> SoundMap:
    """Put a map in place of the one in use."""
    drawn = store.maps.put(model_id, found, store.maps.find(model_id))
    assert drawn is not None
    return drawn


def assert_whole(store: Store, model_id: str, tracks: int) -> None:
    """The map in use holds so many tracks, and all of their parts are there."""
    present = store.maps.find(model_id)
    assert present.tracks == tracks
    assert store.maps.is_whole(present)
    assert len(store.maps.points(present.edition) or b"") == 4 * tracks


def test_a_map_holds_every_track_where_the_model_puts_it(store: Store) -> None:
    draw(store, "m", assignments(30)[::-1])
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
    drawn = draw(store, "m", assignments(3 * 1_120))
    assert drawn.pages(1) == 45
    found = [store.maps.members(drawn.edition, 1, page) for page in range(1, 46)]
    assert [len(page) for page in found] == [PAGE_SIZE] * 44 + [20]
    assert [one.track_id for page in found for one in page] == [track_id(n) for n in range(1, 3 * 1_120, 3)]
    assert found[10][0].distance == pytest.approx((3 * 250 + 1) / 1000)
    assert store.maps.members(drawn.edition, 1, 8, 13) == [one for page in found[7:13] for one in page]
    assert store.maps.members(drawn.edition, 1, 44, 49) == [one for page in found[43:] for one in page]
    assert store.maps.members(drawn.edition, 1, 46) == []
    assert store.maps.members(drawn.edition, 7, 1) == []
    assert store.maps.track_at(drawn.edition, 2, 1_119) == track_id(3 * 1_119 + 2)


def test_typical_tracks_are_the_first_of_each_cluster(store: Store) -> None:
    drawn = draw(store, "m", assignments(3 * 1_120))
    typical = store.maps.typical(drawn.edition, [0, 2, 7], limit=2)
    assert {cluster: [one.track_id for one in found] for cluster, found in typical.items()} == {
        0: [track_id(0), track_id(3)],
        2: [track_id(2), track_id(5)],
    }
    assert store.maps.typical(drawn.edition, [], limit=2) == {}
    assert store.maps.track_at(drawn.edition, 2, 1_120) is None
    assert store.maps.track_at("other", 2, 0) is None


def test_an_edition_of_before_they_named_the_size_of_their_parts_is_read_by_its_own(store: Store) -> None:
    members = [Assignment(track_id(n), 0, n / 1000, place=(n / 10, 0.0)) for n in range(1_120)]
    parts = [
        {
            "_id": f"m.1.{'0' * 16}:0:{number}",
            "edition": f"m.1.{'0' * 16}",
            "cluster": 0,
            "number": number,
            "tracks": 1_120,
            "places": bytes(4 * len(part)),
            "ids": pack_ids(one.track_id for one in part),
            "distances": np.array([one.distance for one in part], "<f4").tobytes(),
        }
        for number, part in enumerate((members[:1_000], members[1_000:]))
    ]
    store.maps._parts.insert_many(parts)
    old = SoundMap("m", f"m.1.{'0' * 16}", 1, {0: 1_120}, (0.0, 0.0), 1.0)
    assert store.maps.is_whole(old)
    found = [one.track_id for page in range(1, 46) for one in store.maps.members(old.edition, 0, page)]
    assert found == [one.track_id for one in members]
    assert store.maps.track_at(old.edition, 0, 1_000) == members[1_000].track_id


def test_the_edition_before_stays_until_the_next_one_comes(store: Store) -> None:
    first = draw(store, "m", assignments(30))
    kept = draw(store, "other", assignments(30))
    second = draw(store, "m", assignments(31))
    assert second.edition != first.edition
    assert len(store.maps.points(first.edition) or b"") == 4 * 30
    assert store.maps.track_at(first.edition, 1, 9) == track_id(28)
    assert len(store.maps.members(first.edition, 1, 1)) == 10
    third = draw(store, "m", assignments(32))
    assert store.maps.points(first.edition) is None
    assert store.maps.track_at(first.edition, 1, 9) is None
    assert len(store.maps.points(second.edition) or b"") == 4 * 31
    assert store.maps.find("m") == third
    assert_whole(store, "m", 32)
    assert store.maps.find("other") == kept
    assert_whole(store, "other", 30)


@pytest.mark.parametrize("others", [1, 2, 4])
@pytest.mark.parametrize("drawn_before", [0, 1, 3])
def test_a_drawing_that_others_overtake_takes_nothing_from_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, drawn_before: int, others: int
) -> None:
    for n in range(drawn_before):
        draw(store, "m", assignments(n + 1))
    write = maps.put_documents

    def write_late(*arguments):
        monkeypatch.setattr(maps, "put_documents", write)
        for n in range(others):
            draw(store, "m", assignments(41 + n))
        write(*arguments)

    monkeypatch.setattr(maps, "put_documents", write_late)
    assert store.maps.put("m", assignments(30), store.maps.find("m")) is None
    assert_whole(store, "m", 40 + others)
    # What it left goes with the editions of its time.
    for n in range(2):
        draw(store, "m", assignments(50 + n))
    assert len({part["edition"] for part in store.maps._parts.find({"model_id": "m"})}) == 2


def test_what_goes_after_a_flip_is_nothing_of_a_drawing_that_began_since(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(store, "m", assignments(20))
    flip = Maps._flip

    def flip_and_wait(*arguments):
        monkeypatch.setattr(Maps, "_flip", flip)
        has_flipped = flip(*arguments)
        draw(store, "m", assignments(31))
        return has_flipped

    monkeypatch.setattr(Maps, "_flip", flip_and_wait)
    assert draw(store, "m", assignments(30)).tracks == 30
    assert_whole(store, "m", 31)


def test_an_edition_that_lacks_a_part_has_no_points(store: Store) -> None:
    drawn = draw(store, "m", assignments(9))
    assert store.maps.is_whole(drawn)
    store.maps._parts.delete_one({"edition": drawn.edition, "cluster": 1})
    assert not store.maps.is_whole(drawn)
    assert store.maps.points(drawn.edition) is None


def test_places_that_are_all_the_same_and_no_tracks_make_a_map(store: Store) -> None:
    assert store.maps.is_whole(draw(store, "none", []))
    assert store.maps.find("none").tracks == 0
    drawn = draw(store, "same", [Assignment(track_id(n), 0, 0.0) for n in range(3)])
    assert store.maps.points(drawn.edition) == bytes(12)


def test_a_map_goes_with_its_model(store: Store) -> None:
    drawn = draw(store, "m", assignments(3))
    store.model_parts.delete("m")
    assert store.maps.find("m") is None
    assert store.maps.points(drawn.edition) is None


def test_a_map_is_drawn_anew_where_tracks_have_come_and_only_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.model_parts.put_assignments("m", assignments(9))
    draw_map(store, "m")
    before = store.maps.find("m")
    store.model_parts.put_assignments("m", assignments(10))
    draw_map(store, "m")
    assert_whole(store, "m", 10)
    assert store.maps.find("m") != before
    monkeypatch.setattr(Maps, "put", None)
    draw_map(store, "m")


def test_a_map_that_lacks_a_part_is_drawn_anew(store: Store) -> None:
    store.model_parts.put_assignments("m", assignments(9))
    draw_map(store, "m")
    store.maps._parts.delete_one({"model_id": "m", "cluster": 2})
    draw_map(store, "m")
    assert_whole(store, "m", 9)


def test_drawing_that_another_overtakes_leaves_no_track_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.model_parts.put_assignments("m", assignments(9))
    read = ModelParts.read_assignments

    def read_early(*arguments):
        found = list(read(*arguments))
        monkeypatch.setattr(ModelParts, "read_assignments", read)
        store.model_parts.put_assignments("m", assignments(11))
        draw_map(store, "m")
        return found

    monkeypatch.setattr(ModelParts, "read_assignments", read_early)
    draw_map(store, "m")
    assert_whole(store, "m", 11)


def test_drawings_at_once_leave_no_track_out(store: Store) -> None:
    store.model_parts.put_clusters("m", [Cluster(n, f"Cluster {n}", 0) for n in range(3)])

    def assign_and_draw(one: Assignment) -> None:
        store.model_parts.put_assignments("m", [one])
        draw_map(store, "m")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(assign_and_draw, assignments(18)))
    assert_whole(store, "m", 18)
    assert [cluster.size for cluster in store.model_parts.clusters("m")] == [6, 6, 6]


def test_sizes_of_clusters_follow_the_assignments_where_the_map_is_right_already(store: Store) -> None:
    store.model_parts.put_clusters("m", [Cluster(n, f"Cluster {n}", 2) for n in range(3)])
    store.model_parts.put_assignments("m", assignments(9))
    draw(store, "m", assignments(9))
    draw_map(store, "m")
    assert [cluster.size for cluster in store.model_parts.clusters("m")] == [3, 3, 3]


def test_neighbours_lie_where_the_model_puts_them(store: Store) -> None:
    store.model_parts.put_assignments("m", assignments(6))
    near = [Neighbour(track_id(n), n / 10, 0) for n in (4, 2, 5)]
    store.model_parts.put_neighbours("m", [(track_id(1), near), (track_id(3), [])])
    places = [one.place for one in assignments(6)]
    assert store.serving.find_places("m", track_id(1), limit=2) == [places[1], places[4], places[2]]
    assert store.serving.find_places("m", track_id(3), limit=2) == [places[3]]
    assert store.serving.find_places("m", track_id(9), limit=2) == []
