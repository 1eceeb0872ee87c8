"""What every MongoDB-protocol server must do for tracks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
    store.tracks.remove_file("a", first.location, NOW)
    assert store.tracks.get("a").state is TrackState.READY
    store.tracks.remove_file("a", second.location, NOW)
    assert store.tracks.get("a").state is TrackState.MISSING
    assert store.tracks.get_many(["a"]) == {}


def test_missing_track_is_restored_when_its_file_returns(store: Store) -> None:
    file = put(store, "a")
    store.tracks.remove_file("a", file.location, NOW)
    put(store, "a", b"elsewhere.mp3")
    assert store.tracks.get("a").state is TrackState.READY


def test_copies_have_the_tags_of_the_first_in_order_of_path_whoever_was_read_last(store: Store) -> None:
    first, second = (
        put(store, "a", b"a/1.mp3", title="First", artist="Ben"),
        put(store, "a", b"b/1.mp3", title="Second"),
    )
    track = store.tracks.get("a")
    assert (track.tags, track.files) == (Tags("First", "Ben"), (first, second))
    assert store.tracks.with_any_term(["second"]) == ([], False)
    put(store, "a", b"a/1.mp3", title="First anew")
    assert store.tracks.get("a").tags == Tags("First anew")
    store.tracks.remove_file("a", first.location, NOW)
    assert store.tracks.get("a").tags == Tags("Second")
    assert store.tracks.get("a").sort_key == Track("a", Tags("Second"), 1.0).sort_key
    assert [found.track_id for found in store.tracks.with_any_term(["second"])[0]] == ["a"]
    put(store, "a", b"0.mp3", title="Zeroth")
    assert store.tracks.get("a").tags == Tags("Zeroth")


def test_moved_file_keeps_its_track_and_tags(store: Store) -> None:
    file = put(store, "a", b"a/1.mp3", title="Ivory")
    moved = TrackFile(LibraryPath("music", b"b/1.mp3"), 1000, 1)
    for _ in range(2):
        store.tracks.move_file("a", file.location, moved, NOW)
    track = store.tracks.get("a")
    assert (track.state, track.files, track.tags) == (TrackState.READY, (moved,), Tags("Ivory"))
    store.tracks.move_file("absent", file.location, moved, NOW)
    assert store.tracks.get("absent") is None


def test_tracks_missing_since_long_are_forgotten_and_restored_ones_are_not(store: Store) -> None:
    for number, track_id in enumerate(("a", "b", "c")):
        file = put(store, track_id, b"%d.mp3" % number)
        store.tracks.remove_file(track_id, file.location, NOW + timedelta(days=number))
        store.tracks.remove_file(track_id, file.location, NOW + timedelta(days=50))
    assert store.tracks.missing_since(NOW + timedelta(days=2)) == ["a", "b"]
    put(store, "b")
    assert store.tracks.missing_since(NOW + timedelta(days=2)) == ["a"]
    assert store.tracks.forget(["a", "b"]) == 1
    assert (store.tracks.get("a"), store.tracks.get("b").state) == (None, TrackState.READY)


def test_track_from_before_there_were_album_artists_and_discs_states_none(store: Store, database_name: str) -> None:
    first, second = put(store, "a", b"a/1.mp3", artist="Ben"), put(store, "a", b"b/1.mp3", artist="Ann")
    tracks, new = store.client[database_name]["tracks"], ("album_artist", "disc_number")
    files = {f"files.{file.location.key}.tags.{name}": "" for file in (first, second) for name in new}
    tracks.update_one({"_id": "a"}, {"$unset": dict.fromkeys(new, "") | files})
    assert store.tracks.get("a").tags == Tags("a", "Ben")
    assert [tags for _, tags, _ in store.tracks.read_tags()] == [Tags("a", "Ben")]
    store.tracks.remove_file("a", first.location, NOW)
    assert store.tracks.get("a").tags == Tags("a", "Ann")
    moved = TrackFile(LibraryPath("music", b"c/1.mp3"), 1000, 1)
    store.tracks.move_file("a", second.location, moved, NOW)
    assert (store.tracks.get("a").tags, store.tracks.get("a").files) == (Tags("a", "Ann"), (moved,))


def test_album_artist_and_disc_come_back_as_they_were_put(store: Store) -> None:
    tags = Tags("a", "Ann feat. Ben", "Von", album_artist="Ann", disc_number=2)
    store.tracks.put(Track("a", tags, 180.0), TrackFile(LibraryPath("music", b"a.mp3"), 1000, 1), NOW)
    assert store.tracks.get("a").tags == tags
    assert [found for _, found, _ in store.tracks.read_tags()] == [tags]
