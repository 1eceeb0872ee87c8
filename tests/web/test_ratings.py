"""Stars, favourites and thumbs: by plain forms, and as parts of a page."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from earwise.paths import LibraryPath
from earwise.store import Store
from tests.web.conftest import Browser
from tests.web.reading import next_page, titles
from tests.web.seeding import NOW, seed_model, seed_tracks
from tests.web.test_playlists import undo


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 12)
    seed_model(store, found, neighbours=3)
    return found


def rate(browser: Browser, track: str, **fields: str) -> int:
    (endpoint,) = {"stars", "favourite"} & set(fields)
    return browser.submit(f"/tracks/{track}/{endpoint}", page=f"/tracks/{track}", **fields).status_code


def pressed(page: str) -> list[str]:
    buttons = re.findall(r"<button[^>]*>", page)
    marks = [button for button in buttons if 'type="submit"' in button and 'aria-pressed="true"' in button]
    return [label for button in marks for label in re.findall(r'aria-label="([^"]+)"', button)]


def test_stars_are_shown_and_pressed_again_taken_back(listener: Browser, tracks: list[str]) -> None:
    path = f"/tracks/{tracks[0]}"
    assert pressed(listener.get(path).text) == []
    assert rate(listener, tracks[0], stars="4") == 302
    assert pressed(listener.get(path).text) == ["4 stars, your rating; press to take it back"]
    assert 'value="0" aria-label="4 stars' in listener.get(path).text
    rate(listener, tracks[0], stars="0")
    assert pressed(listener.get(path).text) == []


@pytest.mark.parametrize("stars", ["6", "-1", "", "four", "4.5"])
def test_stars_that_there_are_not_are_refused(listener: Browser, tracks: list[str], stars: str) -> None:
    assert rate(listener, tracks[0], stars=stars) == 400


def test_form_leads_back_to_the_page_it_was_sent_from(listener: Browser, tracks: list[str]) -> None:
    token = listener.token("/favourites")
    form = {"csrf_token": token, "favourite": "yes"}
    for referrer, target in (
        ("http://localhost/favourites?after=1", "/favourites?after=1"),
        ("http://evil.example/", f"/tracks/{tracks[0]}"),
        ("http://[", f"/tracks/{tracks[0]}"),
        ("http://localhost.evil.example/favourites", f"/tracks/{tracks[0]}"),
        ("http://localhost//evil.example", f"/tracks/{tracks[0]}"),
        ("nonsense", f"/tracks/{tracks[0]}"),
    ):
        answer = listener.client.post(f"/tracks/{tracks[0]}/favourite", data=form, headers={"Referer": referrer})
        assert answer.location == target


def test_part_of_a_page_is_answered_with_that_part(listener: Browser, tracks: list[str]) -> None:
    token = listener.token(f"/tracks/{tracks[0]}")
    part = {"HX-Request": "true", "HX-Target": f"marks-{tracks[0]}"}
    form = {"csrf_token": token, "favourite": "yes"}
    answer = listener.client.post(f"/tracks/{tracks[0]}/favourite", data=form, headers=part)
    assert answer.status_code == 200
    assert answer.text.count('id="marks-') == 1
    assert "<html" not in answer.text
    assert pressed(answer.text) == ["Favourite"]
    assert listener.get(f"/tracks/{tracks[0]}/marks").json == {"stars": 0, "favourite": True}


def test_thumb_is_kept_with_seed_track_and_model(
    listener: Browser, store: Store, tracks: list[str], database_name: str
) -> None:
    page = f"/tracks/{tracks[0]}"
    form = {"thumb": "down", "seed": tracks[0], "model": "model-1"}
    answer = listener.submit(f"/tracks/{tracks[1]}/thumb", page=page, **form)
    assert answer.location == page
    (kept,) = store.client[database_name]["thumbs"].find()
    assert (kept["seed_id"], kept["track_id"], kept["model_id"], kept["is_up"]) == (*tracks[:2], "model-1", False)
    assert pressed(listener.get(page).text) == ["Bad recommendation"]
    listener.submit(f"/tracks/{tracks[1]}/thumb", page=page, **form | {"thumb": "none"})
    assert pressed(listener.get(page).text) == []


def test_favourites_and_rated_tracks_have_their_pages(listener: Browser, tracks: list[str]) -> None:
    assert "No favourites yet" in listener.get("/favourites").text
    assert "Nothing rated yet" in listener.get("/rated").text
    rate(listener, tracks[2], favourite="yes")
    rate(listener, tracks[5], favourite="yes")
    rate(listener, tracks[3], stars="5")
    assert titles(listener.get("/favourites").text) == ["Title 005", "Title 002"]
    assert titles(listener.get("/rated").text) == ["Title 003"]
    rate(listener, tracks[5], favourite="no")
    page = listener.get("/favourites").text
    assert titles(page) == ["Title 002"]
    assert "Title 005 is no favourite any more." in page
    undo(listener, page)
    assert titles(listener.get("/favourites").text) == ["Title 005", "Title 002"]


def test_long_list_of_favourites_pages_on(listener: Browser, store: Store, enter: Callable[..., Browser]) -> None:
    tracks = seed_tracks(store, 60)
    for track in tracks:
        rate(listener, track, favourite="yes")
    first = listener.get("/favourites").text
    second = listener.get(next_page(first)).text
    assert sorted(titles(first) + titles(second)) == [f"Title {n:03d}" for n in range(60)]
    assert next_page(second) is None
    assert titles(enter("jon").get("/favourites").text) == []


@pytest.mark.parametrize("path", ["/favourites", "/rated", "/history"])
def test_list_whose_tracks_are_missing_is_not_called_empty(
    listener: Browser, store: Store, tracks: list[str], path: str
) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    for track in tracks[:2]:
        store.ratings.set_favourite(owner, track, True, NOW)
        store.ratings.set_stars(owner, track, 3, NOW)
        store.events.record(owner, track, track, heard_s=60, duration_s=60, now=NOW)
    assert "not in the library" not in listener.get(path).text
    for gone, said in ((tracks[0], "1 track of this page is not"), (tracks[1], "2 tracks of this page are not")):
        store.tracks.remove_file(gone, LibraryPath("music", gone.encode() + b".mp3"), NOW)
        assert f"{said} in the library just now." in listener.get(path).text
    page = listener.get(path).text
    assert "None of these is in the library" in page
    assert " yet</h2>" not in page


@pytest.mark.parametrize("path", ["/favourites", "/rated", "/history"])
@pytest.mark.parametrize("cursor", ["nonsense", "", "2026-99-99", '{"$gt": ""}', "\0"])
def test_cursor_of_a_list_that_nobody_made_is_refused(listener: Browser, path: str, cursor: str) -> None:
    assert listener.get(path, query_string={"after": cursor}).status_code == 400


def test_track_that_does_not_exist_is_not_rated(listener: Browser, tracks: list[str]) -> None:
    answer = listener.submit(f"/tracks/{'0' * 32}/stars", page=f"/tracks/{tracks[0]}", stars="3")
    assert answer.status_code == 404
