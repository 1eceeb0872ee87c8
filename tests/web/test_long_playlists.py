"""Playlists of more tracks than a page shows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from earwise.paths import LibraryPath
from earwise.store import Store
from tests.web.conftest import Browser
from tests.web.reading import next_page, titles
from tests.web.seeding import NOW, seed_tracks
from tests.web.test_playlists import undo

_COUNT = 401


@pytest.fixture
def tracks(store: Store) -> list[str]:
    return seed_tracks(store, _COUNT)


@pytest.fixture
def playlist(listener: Browser, store: Store, tracks: list[str]) -> str:
    """Address of a playlist of all tracks."""
    owner = store.listeners.get_by_name("mira").listener_id
    return f"/playlists/{store.playlists.create(owner, 'Night', NOW, tracks)}"


def titled(first: int, end: int) -> list[str]:
    return [f"Title {n:03d}" for n in range(first, end)]


def test_all_pages_hold_every_track_once_and_each_costs_three_queries(
    listener: Browser, playlist: str, queries: Callable[[], list[str]]
) -> None:
    shown, address, pages = list[str](), playlist, 0
    while address:
        queries()
        page = listener.get(address).text
        asked = queries()
        assert asked[0] == "find users"
        assert len(asked) <= 4, asked
        assert "401 tracks" in page
        shown, address, pages = shown + titles(page), next_page(page) or "", pages + 1
        assert f"Page {pages} of 5" in page
    assert shown == titled(0, _COUNT)


def test_queue_can_take_the_whole_playlist_from_any_page(
    listener: Browser, playlist: str, tracks: list[str], queries: Callable[[], list[str]]
) -> None:
    page = listener.get(f"{playlist}?page=3").text
    pieces = {way: re.search(rf'data-{way}="([^"]+)"', page)[1] for way in ("beginning", "earlier", "later")}
    assert pieces["beginning"] == f"{playlist}/tracks?page=1"
    for way, first in (("earlier", 100), ("later", 300)):
        queries()
        piece = listener.get(pieces[way]).text
        assert len(queries()) <= 3
        assert re.findall(r'data-play="(\w+)"', piece) == tracks[first : first + 100]
        assert "<html" not in piece
    begin, end = listener.get(playlist).text, listener.get(f"{playlist}?page=5").text
    assert "data-earlier" not in begin + listener.get(f"{playlist}/tracks?page=1").text
    assert "data-later" not in end + listener.get(f"{playlist}/tracks?page=5").text
    assert "data-later" in begin
    assert "data-earlier" in end


def test_moving_counts_places_over_the_whole_playlist_and_stays_on_the_page(
    listener: Browser, playlist: str, tracks: list[str]
) -> None:
    second = f"{playlist}?page=2"
    form = listener.get(second).text.split(f'data-row="{tracks[100]}"')[1].split("</form>")[0]
    assert re.findall(r'name="place" value="(\d+)"', form) == ["99", "101"]
    assert "disabled" not in form
    answer = listener.submit(re.search(r'action="([^"]+)"', form)[1], page=second, track=tracks[100], place="99")
    assert answer.location == second
    assert titles(listener.get(second).text)[:2] == ["Title 099", "Title 101"]
    assert titles(listener.get(playlist).text)[-2:] == ["Title 098", "Title 100"]
    whole = listener.get(f"{playlist}?page=5").text
    assert re.findall(r'id="(\w+)-\w+" type="submit" name="place" value="\d+" [^>]* disabled', whole) == ["down"]


def test_taking_out_and_undo_stay_where_the_track_was(listener: Browser, playlist: str, tracks: list[str]) -> None:
    answer = listener.submit(f"{playlist}/remove?page=2", page=f"{playlist}?page=2", track=tracks[150])
    assert answer.location == f"{playlist}?page=2"
    page = listener.get(answer.location).text
    assert titles(page) == [*titled(100, 150), *titled(151, 201)]
    back = undo(listener, page)
    assert titles(back) == titled(100, 200)
    assert "Page 2 of 5" in back


def test_last_page_goes_with_its_last_track_and_comes_back_with_it(
    listener: Browser, playlist: str, tracks: list[str]
) -> None:
    answer = listener.submit(f"{playlist}/remove?page=5", page=f"{playlist}?page=5", track=tracks[400])
    page = listener.get(answer.location).text
    assert "Page 4 of 4" in page
    assert titles(page) == titled(300, 400)
    assert titles(undo(listener, page)) == ["Title 400"]


def test_renaming_stays_on_the_page(listener: Browser, playlist: str) -> None:
    third = f"{playlist}?page=3"
    assert listener.submit(f"{playlist}/rename?page=3", page=third, name="Dawn").location == third
    refused = listener.submit(f"{playlist}/rename?page=3", page=third, name="")
    assert refused.status_code == 400
    assert titles(refused.text) == titled(200, 300)
    assert next_page(refused.text) == f"{playlist}?page=4"


def test_page_whose_tracks_are_all_away_leads_on(
    listener: Browser, store: Store, playlist: str, tracks: list[str]
) -> None:
    for track in tracks[100:200]:
        store.tracks.remove_file(track, LibraryPath("music", track.encode() + b".mp3"), NOW)
    page = listener.get(f"{playlist}?page=2").text
    assert "None of these is in the library" in page
    assert "100 of this page not in the library just now" in page
    assert next_page(page) == f"{playlist}?page=3"


@pytest.mark.parametrize("place", ["?page=6", "?page=0", "?page=x", "/tracks?page=6"])
def test_page_that_there_is_not_is_not_found(listener: Browser, playlist: str, place: str) -> None:
    assert listener.get(playlist + place).status_code == 404


def test_file_for_other_players_holds_every_track(listener: Browser, playlist: str) -> None:
    assert listener.get(f"{playlist}.m3u8").text.count("#EXTINF") == _COUNT
