"""What every MongoDB-protocol server must do for tracks."""

from __future__ import annotations

from datetime import UTC, datetime

from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags, Track, TrackFile, TrackState

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def put(store: Store, track_id: str, path: bytes = b"a.mp3", **tags: str) -> TrackFile:
    file = TrackFile(LibraryPath("music", path), 1000, 1)
    store.tracks.put(Track(track_id, Tags(**{"title": track_id, **tags}), 180.0), file, NOW)
    return file


def test_a_track_comes_back_as_it_was_put(store: Store) -> None:
    file = put(store, "a", b"caf\xe9/1.mp3", artist="Sigur Rós", album="Von", genre="Rock")
    track = store.tracks.get("a")
    assert track is not None
    assert track.tags == Tags("a", "Sigur Rós", "Von", "Rock")
    assert track.files == (file,)


def test_track_stays_ready_until_its_last_file_is_removed(store: Store) -> None:
    first, second = put(store, "a", b"1.mp3"), put(store, "a", b"2.mp3")
    store.tracks.remove_file("a", first.location)
    assert store.tracks.get("a").state is TrackState.READY
    store.tracks.remove_file("a", second.location)
    assert store.tracks.get("a").state is TrackState.MISSING
    assert store.tracks.get_many(["a"]) == {}


def test_missing_track_is_restored_when_its_file_returns(store: Store) -> None:
    file = put(store, "a")
    store.tracks.remove_file("a", file.location)
    put(store, "a", b"elsewhere.mp3")
    assert store.tracks.get("a").state is TrackState.READY


def test_pages_hold_every_track_once_in_order(store: Store) -> None:
    for number in range(25):
        put(store, f"{number:02d}", artist=f"artist {number % 7}", title="same title")
    seen, cursor = [], None
    while True:
        page = store.tracks.page(limit=4, cursor=cursor)
        seen += [track.track_id for track in page.tracks]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"{number:02d}" for number in range(25)]
    assert seen == sorted(seen, key=lambda track_id: (int(track_id) % 7, track_id))


def test_search_folds_case_and_accents_and_takes_begun_words(store: Store) -> None:
    put(store, "a", title="Svefn-g-englar", artist="Sigur Rós")
    put(store, "b", title="Ivory", artist="Savino")
    assert [track.track_id for track in store.tracks.search("ROS svef", limit=5)] == ["a"]
    assert store.tracks.search("ros ivory", limit=5) == []
    assert store.tracks.search("  .* $ ", limit=5) == []
