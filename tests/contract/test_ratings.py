"""What every MongoDB-protocol server must do for ratings, favourites and thumbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from earwise.store import Store
from earwise.store.ratings import Marks

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_what_was_said_of_a_track_is_each_listeners_own(store: Store) -> None:
    assert store.ratings.marks("mira", "t1") == Marks()
    store.ratings.set_stars("mira", "t1", 4, NOW)
    store.ratings.set_favourite("mira", "t1", True, NOW)
    store.ratings.set_stars("jon", "t1", 1, NOW)
    assert store.ratings.marks("mira", "t1") == Marks(4, True)
    assert store.ratings.marks("jon", "t1") == Marks(1, False)


def test_rating_is_replaced_and_taken_back(store: Store) -> None:
    for stars, minute in ((2, 0), (5, 1), (0, 2)):
        store.ratings.set_stars("mira", "t1", stars, later(minute))
        assert store.ratings.marks("mira", "t1").stars == stars
    assert store.ratings.rated("mira", limit=10) == []


def test_thumb_belongs_to_a_recommendation_for_a_seed_track(store: Store) -> None:
    store.ratings.set_thumb("mira", "seed", "t1", True, model_id="m", now=NOW)
    store.ratings.set_thumb("mira", "seed", "t2", False, model_id="m", now=NOW)
    store.ratings.set_thumb("mira", "other", "t1", False, model_id="m", now=NOW)
    assert store.ratings.marks("mira", "seed").thumbs == {"t1": True, "t2": False}
    store.ratings.set_thumb("mira", "seed", "t1", None, model_id="m", now=NOW)
    assert store.ratings.marks("mira", "seed").thumbs == {"t2": False}
    assert store.ratings.marks("jon", "seed").thumbs == {}


def test_favourites_come_newest_first_page_by_page(store: Store) -> None:
    for minute in range(5):
        store.ratings.set_favourite("mira", f"t{minute}", True, later(minute))
    store.ratings.set_favourite("mira", "t2", False, later(9))
    first = store.ratings.favourites("mira", limit=3)
    assert [found.track_id for found in first] == ["t4", "t3", "t1"]
    assert [found.track_id for found in store.ratings.favourites("mira", limit=3, cursor=first[-1].cursor)] == ["t0"]


def test_no_page_loses_what_was_said_in_the_same_moment(store: Store) -> None:
    for number in range(7):
        store.ratings.set_favourite("mira", f"t{number}", True, NOW)
        store.ratings.set_stars("mira", f"t{number}", 3, NOW)
    store.ratings.set_favourite("mira", "t3", False, NOW)
    for find, tracks in ((store.ratings.favourites, "012456"), (store.ratings.rated, "0123456")):
        found, cursor = list[str](), None
        while some := find("mira", limit=2, cursor=cursor):
            found, cursor = found + [one.track_id for one in some], some[-1].cursor
        assert sorted(found) == [f"t{number}" for number in tracks]


def test_track_that_became_another_keeps_what_was_said_of_it(store: Store) -> None:
    store.ratings.set_stars("mira", "old", 4, NOW)
    store.ratings.set_thumb("mira", "old", "t1", True, model_id="m", now=NOW)
    store.ratings.set_thumb("mira", "seed", "old", False, model_id="m", now=NOW)
    for _ in range(2):
        store.ratings.follow_track("old", "new")
        assert store.ratings.marks("mira", "new") == Marks(4, False, {"t1": True})
        assert store.ratings.marks("mira", "seed").thumbs == {"new": False}
        assert store.ratings.marks("mira", "old") == Marks()


def test_newer_rating_stands_where_both_tracks_were_rated(store: Store) -> None:
    store.ratings.set_stars("mira", "old", 4, later(5))
    store.ratings.set_favourite("mira", "old", True, later(1))
    store.ratings.set_stars("mira", "new", 2, later(3))
    store.ratings.set_favourite("mira", "new", False, later(2))
    store.ratings.set_stars("jon", "old", 5, later(1))
    store.ratings.set_stars("jon", "new", 3, later(2))
    store.ratings.follow_track("old", "new")
    assert store.ratings.marks("mira", "new") == Marks(4, False)
    assert store.ratings.marks("jon", "new") == Marks(3, False)


def test_thumb_of_a_dump_without_the_key_of_its_list_is_found(store: Store, database_name: str) -> None:
    store.ratings.set_thumb("mira", "seed", "t1", True, model_id="m", now=NOW)
    thumbs = store.client[database_name]["thumbs"]
    assert thumbs.update_many({}, {"$unset": {"on_seed": ""}}).modified_count == 1
    store.create_indexes()
    assert store.ratings.marks("mira", "seed").thumbs == {"t1": True}
