"""Radio and paths as pages and for the player."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.web.conftest import Browser, Program
from tests.web.seeding import NOW, leave, seed_lists, seed_model, seed_track, seed_tracks


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 60)
    seed_model(store, found)
    refresh_directory(store)
    return found


def rows_of(page: str) -> list[str]:
    return re.findall(r'data-row="([0-9a-f]{32})"', page)


def ids_of(answer: TestResponse) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


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


def test_no_artist_plays_twice_in_a_row_where_the_track_between_has_left(
    store: Store, listener: Browser, program: Program
) -> None:
    names = (("one", "Ann"), ("gone", "Ben"), ("two", "Ann"), ("three", "Cem"))
    one, gone, two, three = found = [seed_track(store, Tags(*name)) for name in names]
    seed_model(store, found, names=("All",))
    seed_lists(store, {one: {gone: 0.1, two: 0.2, three: 0.3}})
    leave(store, [gone])
    assert rows_of(listener.get(f"/tracks/{one}/radio").text) == [one, three, two]
    assert ids_of(program.get(f"/tracks/{one}/radio")) == [one, three, two]
    assert rows_of(listener.submit("/radio/next", page="/playlists", played=one).text) == [three, two]
    assert ids_of(program.send("POST", "/radio", json={"played": [one]})) == [three, two]


def test_no_artist_plays_twice_in_a_row_by_two_spellings(store: Store, listener: Browser) -> None:
    names = (("one", "Björk"), ("two", "bjork"), ("three", "Ben"), ("four", "BEN"), ("five", "Cem"))
    one, two, three, four, five = found = [seed_track(store, Tags(*name)) for name in names]
    seed_model(store, found, names=("All",))
    seed_lists(store, {one: {two: 0.1, three: 0.2, four: 0.3, five: 0.4}})
    expected = [three, two, four, five]
    assert rows_of(listener.get(f"/tracks/{one}/radio").text) == [one, *expected]
    assert rows_of(listener.submit("/radio/next", page="/playlists", played=one).text) == expected


@pytest.mark.parametrize("left", [30, 70])
def test_radio_goes_on_where_all_of_the_nearest_have_left(
    store: Store, listener: Browser, program: Program, left: int
) -> None:
    *seeds, last = found = seed_tracks(store, 82)
    seed_model(store, found)
    refresh_directory(store)
    seed_lists(store, {last: {near: (n + 1) / 100 for n, near in enumerate(seeds)}})
    leave(store, seeds[:left])
    owner = store.listeners.get_by_name("mira").listener_id
    playlist = f"/playlists/{store.playlists.create(owner, 'Night', NOW, [last])}/radio"
    following = (
        rows_of(listener.submit("/radio/next", page="/playlists", played=last).text),
        ids_of(program.send("POST", "/radio", json={"played": [last]})),
        rows_of(listener.get(f"/tracks/{last}/radio").text)[1:],
        rows_of(listener.get(playlist).text),
        ids_of(program.get(playlist)),
    )
    for near in following:
        assert len(near) >= 10
        assert not set(near) & set(seeds[:left])


def test_radio_knows_the_artist_of_a_track_that_left_while_it_played(store: Store, listener: Browser) -> None:
    played, same, other = found = [seed_track(store, Tags(name, name[:3])) for name in ("Ann 1", "Ann 2", "Ben")]
    seed_model(store, found, names=("All",))
    seed_lists(store, {played: {same: 0.1, other: 0.2}})
    leave(store, [played])
    assert rows_of(listener.submit("/radio/next", page="/playlists", played=played).text) == [other, same]


def test_a_path_leads_past_a_track_that_has_left(store: Store, listener: Browser, program: Program) -> None:
    names = ("one", "near", "farther", "other")
    one, near, farther, other = found = [seed_track(store, Tags(name, "Ann")) for name in names]
    seed_model(store, found, names=("All",))
    ends = {near: 0.1, farther: 0.2}
    seed_lists(store, {one: ends | {other: 0.9}, other: ends | {one: 0.9}, near: {}, farther: {}})
    ways = ([one, near, other], [one, farther, other], [one, other])
    for gone, way in zip(((), (near,), (farther,)), ways, strict=True):
        leave(store, gone)
        made = listener.submit(f"/tracks/{one}/path", track=other)
        owner, playlist_id = store.listeners.get_by_name("mira").listener_id, made.location.rpartition("/")[2]
        assert list(store.playlists.get(owner, playlist_id).tracks) == way
        assert ids_of(program.get(f"/path?from={one}&to={other}")) == way
    leave(store, [other])
    assert listener.submit(f"/tracks/{one}/path", track=other).status_code == 404
    assert program.get(f"/path?from={one}&to={other}").status_code == 404


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
