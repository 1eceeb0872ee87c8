"""What every MongoDB-protocol server must do for playlists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from earwise.errors import PlaylistFullError
from earwise.store import Store, playlists

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def create(store: Store, *tracks: str, owner: str = "mira", name: str = "Night") -> str:
    playlist_id = store.playlists.create(owner, name, NOW)
    for track in tracks:
        assert store.playlists.add(owner, playlist_id, track, NOW)
    return playlist_id


def tracks(store: Store, playlist_id: str) -> list[str]:
    found = store.playlists.get("mira", playlist_id)
    assert found is not None
    return list(found.tracks)


def test_playlists_are_listed_by_name_with_their_sizes(store: Store) -> None:
    create(store, "a", "b", name="über")
    create(store, name="Alpha")
    create(store, name="of another", owner="jon")
    assert [(found.name, found.size) for found in store.playlists.of("mira")] == [("Alpha", 0), ("über", 2)]


def test_only_the_owner_finds_or_changes_a_playlist(store: Store) -> None:
    playlist_id = create(store, "a", "b")
    assert store.playlists.get("jon", playlist_id) is None
    assert not store.playlists.rename("jon", playlist_id, "Mine", NOW)
    assert not store.playlists.add("jon", playlist_id, "c", NOW)
    assert store.playlists.remove("jon", playlist_id, "a", NOW) is None
    assert not store.playlists.move("jon", playlist_id, "a", 1, NOW)
    assert not store.playlists.delete("jon", playlist_id, NOW)
    store.playlists.delete("mira", playlist_id, NOW)
    assert not store.playlists.restore("jon", playlist_id, NOW)
    assert store.playlists.restore("mira", playlist_id, NOW)
    assert tracks(store, playlist_id) == ["a", "b"]


def test_track_stands_in_a_playlist_once(store: Store) -> None:
    playlist_id = create(store, "a", "b")
    assert not store.playlists.add("mira", playlist_id, "a", NOW)
    assert tracks(store, playlist_id) == ["a", "b"]


def test_full_playlist_loses_no_track_to_one_that_is_put_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_TRACKS", 2)
    playlist_id = create(store, "a", "b")
    store.playlists.remove("mira", playlist_id, "a", NOW)
    store.playlists.add("mira", playlist_id, "c", NOW)
    with pytest.raises(PlaylistFullError):
        store.playlists.move("mira", playlist_id, "a", 0, NOW)
    assert tracks(store, playlist_id) == ["b", "c"]
    assert store.playlists.move("mira", playlist_id, "c", 0, NOW)
    assert tracks(store, playlist_id) == ["c", "b"]


def test_full_playlist_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_TRACKS", 2)
    playlist_id = create(store, "a", "b")
    with pytest.raises(PlaylistFullError):
        store.playlists.add("mira", playlist_id, "c", NOW)
    assert not store.playlists.add("mira", playlist_id, "a", NOW)


@pytest.mark.parametrize(
    ("track", "place", "expected"),
    [("a", 2, "bcad"), ("d", 0, "dabc"), ("b", 99, "acdb"), ("c", -5, "cabd"), ("e", 1, "aebcd")],
)
def test_track_is_moved_to_its_place(store: Store, track: str, place: int, expected: str) -> None:
    playlist_id = create(store, *"abcd")
    assert store.playlists.move("mira", playlist_id, track, place, NOW)
    assert "".join(tracks(store, playlist_id)) == expected


def test_track_that_was_taken_out_goes_back_to_its_place(store: Store) -> None:
    playlist_id = create(store, *"abcd")
    place = store.playlists.remove("mira", playlist_id, "b", NOW)
    assert tracks(store, playlist_id) == ["a", "c", "d"]
    assert store.playlists.remove("mira", playlist_id, "b", NOW) is None
    assert place == 1
    store.playlists.move("mira", playlist_id, "b", place, NOW)
    assert tracks(store, playlist_id) == ["a", "b", "c", "d"]


def test_changes_at_the_same_time_lose_no_track(store: Store) -> None:
    playlist_id = create(store, *"abcd")
    with ThreadPoolExecutor(4) as pool:
        for number, track in enumerate("abcdabcd"):
            pool.submit(store.playlists.move, "mira", playlist_id, track, number % 4, NOW)
        for track in "efgh":
            pool.submit(store.playlists.add, "mira", playlist_id, track, NOW)
    assert sorted(tracks(store, playlist_id)) == list("abcdefgh")


def test_deleted_playlist_comes_back_within_a_day(store: Store, database_name: str) -> None:
    first, second = create(store, "a"), create(store)
    store.playlists.delete("mira", first, NOW)
    assert store.playlists.get("mira", first) is None
    assert [found.playlist_id for found in store.playlists.of("mira")] == [second]
    assert store.playlists.restore("mira", first, NOW)
    assert tracks(store, first) == ["a"]
    store.playlists.delete("mira", first, NOW)
    store.playlists.delete("mira", second, NOW + timedelta(days=2))
    assert not store.playlists.restore("mira", first, NOW)
    assert store.client[database_name]["playlists"].count_documents({}) == 1


def test_deleted_playlist_is_gone_for_good_after_a_day(store: Store, database_name: str) -> None:
    playlist_id, other = create(store, "a"), create(store, "b")
    store.playlists.delete("mira", playlist_id, NOW)
    in_time, late = NOW + playlists.KEPT_DELETED, NOW + playlists.KEPT_DELETED + timedelta(seconds=1)
    assert not store.playlists.restore("mira", playlist_id, late)
    assert store.playlists.restore("mira", playlist_id, in_time)
    store.playlists.delete("mira", playlist_id, NOW)
    store.playlists.forget_deleted(in_time)
    assert store.playlists.held_among(["a", "b"]) == {"a", "b"}
    store.playlists.forget_deleted(late)
    assert store.playlists.held_among(["a", "b"]) == {"b"}
    assert [one["_id"] for one in store.client[database_name]["playlists"].find()] == [other]


def test_track_that_became_another_keeps_its_places(store: Store) -> None:
    only_old, both = create(store, "a", "old", "b"), create(store, "old", "a", "new")
    for _ in range(2):
        store.playlists.follow_track("old", "new")
        assert tracks(store, only_old) == ["a", "new", "b"]
        assert tracks(store, both) == ["a", "new"]


def test_only_the_last_deleted_playlists_are_kept(store: Store, database_name: str) -> None:
    for number in range(playlists.MOST_DELETED + 5):
        made = store.playlists.create("mira", f"List {number}", NOW)
        store.playlists.delete("mira", made, NOW + timedelta(seconds=number))
    assert store.client[database_name]["playlists"].count_documents({}) == playlists.MOST_DELETED
    assert store.playlists.restore("mira", made, NOW)
