"""The map: its page, its packed points, and what it says of single tracks."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from earwise.paths import LibraryPath
from earwise.store import Store
from tests.web.conftest import Browser
from tests.web.seeding import NOW, seed_model, seed_tracks


def points_address(page: str) -> str:
    return re.search(r'data-points="([^"]+)"', page)[1]


def places_address(page: str) -> str:
    return re.search(r'data-places="([^"]+)"', page)[1]


def test_every_track_is_on_the_map_under_an_address_that_is_kept_for_good(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 60))
    page = listener.get("/map").text
    answer = listener.get(points_address(page))
    assert len(np.frombuffer(answer.data, "<u2")) == 2 * 60
    assert "immutable" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]
    again = listener.client.get(points_address(page), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    whichever = listener.client.get(points_address(page), headers={"If-None-Match": "*"})
    assert (whichever.status_code, whichever.data) == (304, b"")
    assert [int(size) for size in re.findall(r'data-size="(\d+)"', page)] == [20, 20, 20]


def test_another_map_has_another_address_and_the_old_one_goes_with_the_next(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks[:58])
    before = listener.get("/map").text
    seed_model(store, tracks[:59])
    after = listener.get("/map").text
    assert points_address(after) != points_address(before)
    assert len(listener.get(points_address(before)).data) == 4 * 58
    assert "Title 000" in listener.get(f"{places_address(before)}/0/0").text
    seed_model(store, tracks)
    assert listener.get(points_address(before)).status_code == 404
    assert listener.get(f"{places_address(before)}/0/0").status_code == 404


def test_a_track_of_the_map_is_named_and_played(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks)
    page = listener.get("/map").text
    card = listener.get(f"{places_address(page)}/1/2").text
    assert "Title 007" in card
    assert f'data-play="{tracks[7]}"' in card
    assert 'data-radio="/radio/next"' in card
    assert listener.get(f"{places_address(page)}/1/20").status_code == 404
    shown = listener.get(f"/map/tracks/{tracks[7]}").text
    places = [int(number) for number in re.search(r'data-places="([^"]*)"', shown)[1].split()]
    drawn = store.maps.find("model-1")
    assert tuple(places[:2]) == drawn.steps(store.model_parts.assignment("model-1", tracks[7]).place)
    assert len(places) == 2 * 11


def test_a_track_that_has_left_is_said_to_have_and_one_that_is_new_has_no_place(
    store: Store, listener: Browser
) -> None:
    tracks = seed_tracks(store, 10)
    seed_model(store, tracks[:9])
    store.tracks.remove_file(tracks[0], LibraryPath("music", tracks[0].encode() + b".mp3"), NOW)
    page = listener.get("/map").text
    assert "no longer in the library" in listener.get(f"{places_address(page)}/0/0").text
    assert listener.get(f"/map/tracks/{tracks[0]}").status_code == 404
    assert 'data-places=""' in listener.get(f"/map/tracks/{tracks[9]}").text


def test_the_list_beside_it_goes_through_a_cluster_page_by_page(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 120))
    first = listener.get("/map?cluster=2").text
    assert "Page 1 of 2" in first
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert following == "/map?page=2&cluster=2#list"
    second = listener.get(following).text
    shown = re.findall(r"<bdi>(Title \d+)</bdi>", first) + re.findall(r"<bdi>(Title \d+)</bdi>", second)
    assert list(dict.fromkeys(shown)) == [f"Title {number:03d}" for number in range(2, 120, 3)]


def test_addresses_that_nobody_made_are_not_found(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    for path in ("/map?cluster=9", "/map?page=2", "/map?page=0", "/map?page=$ne", "/map/editions/x/points"):
        assert listener.get(path).status_code == 404, path
    for edition in (
        "model-1",
        f"model-9.{'0' * 16}",
        f"%22.{'0' * 16}",
        *(f"m.1.p{size}.{'0' * 16}" for size in ("0", "x", "9" * 40)),
    ):
        answer = listener.client.get(f"/map/editions/{edition}/points", headers={"If-None-Match": "*"})
        assert answer.status_code == 404, edition
    assert listener.get(f"/map/editions/{'x' * 900}/1/{10**40}").status_code == 404


def test_map_is_told_only_of_what_may_be_a_track(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    assert f'data-track="{tracks[3]}"' in listener.get(f"/map?track={tracks[3]}").text
    assert listener.get("/map?track=").status_code == 200
    for track in (f"../../api/v1/tracks/{tracks[3]}", "..%2f..%2flog-out", f"{tracks[3]}%0a", tracks[3].upper() + "G"):
        assert listener.get(f"/map?track={track}").status_code == 404, track


def test_before_the_first_model_it_says_what_is_waited_for(listener: Browser) -> None:
    page = listener.get("/map").text
    assert "Waiting for the first look at the library" in page


def test_a_model_whose_map_is_still_to_be_drawn_says_when_it_is(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    store.maps._maps.delete_many({})
    for path in ("/map", "/clusters/1"):
        assert "within 15 minutes" in listener.get(path).text


def test_nothing_of_the_map_costs_more_than_three_queries_beside_the_listener(
    store: Store, listener: Browser, queries: Callable[[], list[str]]
) -> None:
    tracks = seed_tracks(store, 120)
    seed_model(store, tracks)
    page = listener.get("/map").text
    places = places_address(page)
    for path in ("/map", "/map?cluster=1", points_address(page), f"{places}/1/2", f"/map/tracks/{tracks[3]}"):
        queries()
        assert listener.get(path).status_code == 200
        assert len(queries()) <= 4, path
