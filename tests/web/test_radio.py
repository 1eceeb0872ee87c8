"""Radio and paths as pages and for the player."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from tests.web.conftest import Browser
from tests.web.seeding import NOW, seed_model, seed_tracks


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 60)
    seed_model(store, found)
    refresh_directory(store)
    return found


def rows_of(page: str) -> list[str]:
    return re.findall(r'data-row="([0-9a-f]{32})"', page)


def test_radio_starts_from_a_track_an_artist_a_cluster_and_a_playlist(
    store: Store, listener: Browser, tracks: list[str], queries: Callable[[], list[str]]
) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    playlist_id = store.playlists.create(owner, "Night", NOW)
    store.playlists.add(owner, playlist_id, tracks[3], NOW)
    paths = (
        f"/tracks/{tracks[0]}/radio",
        f"/browse/artists/{shelf_key('Artist 0')}/radio",
        "/clusters/1/radio",
        f"/playlists/{playlist_id}/radio",
    )
    for path in paths:
        queries()
        page = listener.get(path).text
        found = rows_of(page)
        assert len(found) == len(set(found)) >= 10, path
        assert 'data-radio="/radio/next"' in page
        assert len(queries()) <= 4
    assert rows_of(listener.get(paths[0]).text)[0] == tracks[0]


def test_the_player_gets_more_that_it_has_not_played(listener: Browser, tracks: list[str]) -> None:
    played = [tracks[0]]
    for _ in range(3):
        answer = listener.submit("/radio/next", page="/playlists", played=",".join(played))
        fresh = rows_of(answer.text)
        assert fresh
        assert not set(fresh) & set(played)
        played += fresh


def test_no_artist_plays_twice_in_a_row_where_the_player_asks_for_more(
    store: Store, listener: Browser, tracks: list[str]
) -> None:
    artists = {track_id: track.tags.artist for track_id, track in store.tracks.get_many(tracks).items()}
    for track_id in tracks[:20]:
        first = rows_of(listener.get(f"/tracks/{track_id}/radio").text)
        assert artists[first[0]] != artists[first[1]], "after the seed"
        more = rows_of(listener.submit("/radio/next", page="/playlists", played=",".join(first[:3])).text)
        assert artists[first[2]] != artists[more[0]], "after what was played last"


def test_a_path_is_refused_where_there_is_no_room_for_a_playlist(
    store: Store, listener: Browser, tracks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwise.store.playlists.MOST_PLAYLISTS", 1)
    choose = f"/tracks/{tracks[0]}/path"
    assert listener.submit(choose, track=tracks[20]).location.startswith("/playlists/")
    assert listener.submit(choose, track=tracks[20]).location == choose
    assert "There are 1 playlists already" in listener.get(choose).text
    assert len(store.playlists.of(store.listeners.get_by_name("mira").listener_id)) == 1


@pytest.mark.parametrize("played", ["", "x", "0" * 33, ",".join(["0" * 32] * 501), '{"$ne": ""}'])
def test_what_no_player_sends_is_refused(listener: Browser, played: str) -> None:
    assert listener.submit("/radio/next", page="/playlists", played=played).status_code == 400


def test_radio_without_a_model_says_what_to_do(store: Store, listener: Browser) -> None:
    track = seed_tracks(store, 1)[0]
    refresh_directory(store)
    assert "Nothing to go on from" in listener.get(f"/browse/artists/{shelf_key('Artist 0')}/radio").text
    assert rows_of(listener.get(f"/tracks/{track}/radio").text) == [track]


def test_a_path_becomes_a_playlist_from_one_end_to_the_other(
    store: Store, listener: Browser, tracks: list[str]
) -> None:
    choose = f"/tracks/{tracks[0]}/path"
    assert tracks[20] in listener.get(f"{choose}?to=title+020").text
    answer = listener.submit(choose, track=tracks[20])
    assert answer.location.startswith("/playlists/")
    found = rows_of(listener.get(answer.location).text)
    assert (found[0], found[-1]) == (tracks[0], tracks[20])
    assert len(found) >= 3


def test_a_path_that_is_not_found_is_said_to_be_so(store: Store, listener: Browser) -> None:
    one, other = seed_tracks(store, 2)
    answer = listener.submit(f"/tracks/{one}/path", track=other)
    assert "There is no way between these two" in listener.get(answer.location).text
    assert listener.submit(f"/tracks/{one}/path", track="0" * 32).status_code == 404
