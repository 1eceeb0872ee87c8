"""The pages of artists, albums, genres and decades, the ways there from a track, and queues that take them whole."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.web.conftest import Browser
from tests.web.reading import next_page, titles
from tests.web.seeding import NOW, leave, seed_model, seed_track, seed_tracks

type Queries = Callable[[], list[str]]


@pytest.fixture
def ocean(store: Store) -> list[str]:
    """An album of twelve tracks, whose titles are in another order than their numbers."""
    found = [
        seed_track(store, Tags(f"Wave {12 - number:02}", "Savino", "Ocean", "Ambient", 2007, number), duration_s=240)
        for number in range(1, 13)
    ]
    seed_track(store, Tags("Ivory", "Savino", "Elephants", "Jazz", 1999, 1))
    refresh_directory(store)
    return found


def album(name: str, artist: str) -> str:
    return f"/browse/albums/{shelf_key(name, artist)}"


def links(part: str) -> dict[str, str]:
    """Where the links that a part of a page shows lead, by their texts."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', part, re.DOTALL)
    return {html.unescape(re.sub("<[^>]+>", "", text)).strip(): html.unescape(target) for target, text in found}


def test_page_of_a_track_leads_to_its_artist_album_and_genre_without_asking_for_them(
    store: Store, listener: Browser, ocean: list[str], queries: Queries
) -> None:
    seed_model(store, ocean)
    listener.get("/")
    queries()
    page = listener.get(f"/tracks/{ocean[0]}").text
    assert len(queries()) <= 4
    found = links(page.split('class="banner-text"')[1].split("</section>")[0])
    for name in ("Savino", "Ocean", "Ambient"):
        assert f"<h1><bdi>{name}</bdi></h1>" in listener.get(found[name]).text


def test_album_of_two_discs_tells_each_tracks_disc(store: Store, listener: Browser) -> None:
    for title, disc, number in (("D", 2, 2), ("B", None, 2), ("A", 1, 1), ("C", 2, 1), ("E", 2, None)):
        seed_track(store, Tags(title, "Savino", "Ocean", track_number=number, disc_number=disc))
    refresh_directory(store)
    page = listener.get(album("Ocean", "Savino")).text
    assert titles(page) == ["A", "B", "E", "C", "D"]
    shown = re.findall(r'class="rank">(.*?)</span>\s*<span class="start">', page, re.DOTALL)
    assert [re.sub("<[^>]+>", "", number) for number in shown] == [
        *("Disc 1, –Number 1", "Disc 1, –Number 2"),
        *("", "Disc 2, –Number 1", "Disc 2, –Number 2"),
    ]


def test_album_of_many_artists_is_one_and_its_rows_name_them(store: Store, listener: Browser) -> None:
    for number, artist in enumerate(("Savino", "Ann", "Ben"), start=1):
        seed_track(store, Tags(f"Wave {number}", artist, "Hits", track_number=number, album_artist="Various artists"))
    refresh_directory(store)
    page = listener.get(album("Hits", "Various artists")).text
    assert titles(page) == ["Wave 1", "Wave 2", "Wave 3"]
    assert [name for name in links(page.split("data-tracks")[1]) if name in {"Savino", "Ann", "Ben"}] == [
        "Savino",
        "Ann",
        "Ben",
    ]
    assert "Various artists" not in links(page.split('class="banner-text"')[1].split("</section>")[0])


def test_track_without_tags_leads_nowhere(store: Store, listener: Browser) -> None:
    page = listener.get(f"/tracks/{seed_track(store, Tags('Ivory'))}").text
    banner = page.split('class="banner-text"')[1].split("</section>")[0]
    assert "Unknown artist" in banner
    assert "/browse/" not in banner


def test_rows_lead_to_artist_and_album_and_the_keyboard_finds_that_in_their_menus(
    store: Store, listener: Browser, ocean: list[str]
) -> None:
    seed_model(store, ocean)
    for path in ("/", "/?q=wave", f"/tracks/{ocean[0]}", "/clusters/1"):
        row = listener.get(path).text.split('<li class="track"')[2].split("</li>")[0]
        name, menu = row.split('class="menu-items"')
        assert links(name)["Ocean"] == links(menu)["Go to the album"] == album("Ocean", "Savino")
        assert links(name)["Savino"] == links(menu)["Go to the artist"] == f"/browse/artists/{shelf_key('Savino')}"
        assert name.count('href="/browse/') == name.count('<a tabindex="-1" href="/browse/') == 2


def test_album_is_in_order_of_its_numbers_and_says_year_count_and_length(
    store: Store, listener: Browser, ocean: list[str]
) -> None:
    page = listener.get(album("Ocean", "Savino")).text
    assert titles(page) == [f"Wave {number:02}" for number in range(11, -1, -1)]
    assert re.findall(r'class="rank"><span class="visually-hidden">Number </span>(\d+)<', page) == [
        str(number) for number in range(1, 13)
    ]
    head = page.split('class="banner ')[1].split("</section>")[0]
    assert re.findall(r"<li>(.*?)</li>", head) == ["2007", "12 tracks", "48 min"]
    assert links(head) == {"Savino": f"/browse/artists/{shelf_key('Savino')}"}
    assert 'class="banner-cover"' in head
    assert 'data-do="play-list"' in page
    # What the page is about goes without saying in its rows.
    assert page.count('class="byline"') == 1


def test_rows_of_an_album_say_by_whom_they_are_where_that_differs(store: Store, listener: Browser) -> None:
    seed_track(store, Tags("Wave", "Savino", "Ocean"))
    seed_track(store, Tags("Tide", "SAVINO", "Ocean"))
    seed_track(store, Tags("Storm", "", "Ocean"))
    refresh_directory(store)
    assert listener.get(album("Ocean", "Savino")).text.count('class="byline"') == 1
    assert "Unknown artist" in listener.get(album("Ocean", "")).text


def test_album_of_several_years_says_the_first_and_the_last(store: Store, listener: Browser) -> None:
    for number, year in enumerate((2003, 2001, None)):
        seed_track(store, Tags(f"Title {number}", "Savino", "Ocean", year=year))
    refresh_directory(store)
    assert "<li>2001–2003</li>" in listener.get(album("Ocean", "Savino")).text


def test_page_of_an_artist_says_which_album_each_track_is_of(store: Store, listener: Browser, ocean: list[str]) -> None:
    page = listener.get(f"/browse/artists/{shelf_key('Savino')}").text
    names = [row.split('class="menu-items"')[0] for row in page.split('<li class="track"')[1:]]
    assert [links(name)["Elephants"] for name in names[:1]] == [album("Elephants", "Savino")]
    assert all("Savino" not in links(name) for name in names)
    assert "/radio" in page


def test_what_is_not_listed_yet_says_when_it_will_be(store: Store, listener: Browser) -> None:
    track = seed_track(store, Tags("Ivory", "Savino"))
    way = links(listener.get(f"/tracks/{track}").text)["Savino"]
    answer = listener.get(way)
    assert answer.status_code == 404
    assert "at the end of each look at the library" in answer.text
    assert listener.get(f"{way}?page=2").status_code == 404


def test_queue_can_take_a_whole_shelf_from_any_of_its_pages_in_its_order(
    store: Store, listener: Browser, queries: Queries
) -> None:
    tracks = seed_tracks(store, 340)
    refresh_directory(store)
    genre = f"/browse/genres/{shelf_key('Ambient')}"
    page = listener.get(f"{genre}?sort=title&page=8").text
    assert "data-later" not in listener.get(f"{genre}?page=12").text
    assert "data-earlier" not in listener.get(genre).text
    for way, first, end in (("beginning", 0, 150), ("earlier", 60, 210), ("later", 240, 340)):
        queries()
        piece = listener.get(rest(page)[way]).text
        assert len(queries()) <= 4
        assert re.findall(r'data-play="(\w+)"', piece) == tracks[first:end]
        assert "<html" not in piece
    queue, address = list[str](), rest(page)["beginning"]
    while address:
        piece = listener.get(address).text
        queue += re.findall(r'data-play="(\w+)"', piece)
        address = rest(piece).get("later", "")
    assert queue == tracks


@pytest.mark.parametrize("place", ["?page=5", "?page=2&to=1", "?page=1&to=6", "?page=1&to=x", "?page=1&sort=$ne"])
def test_piece_that_there_is_not_is_not_found(store: Store, listener: Browser, place: str) -> None:
    seed_tracks(store, 100)
    refresh_directory(store)
    assert listener.get(f"/browse/genres/{shelf_key('Ambient')}/tracks{place}").status_code == 404


def test_queue_can_take_a_whole_cluster(store: Store, listener: Browser, queries: Queries) -> None:
    tracks = seed_tracks(store, 600)
    seed_model(store, tracks, names=("Slow strings", "Bright piano"))
    members = tracks[1::2]
    listener.get("/")
    third = listener.get("/clusters/1?page=3").text
    assert rest(third)["beginning"] == "/clusters/1/tracks?page=1&to=6"
    queue, address = list[str](), rest(third)["later"]
    while address:
        queries()
        piece = listener.get(address).text
        assert len(queries()) <= 4
        queue += re.findall(r'data-play="(\w+)"', piece)
        address = rest(piece).get("later", "")
    assert queue == members[75:]
    assert re.findall(r'data-play="(\w+)"', listener.get(rest(third)["earlier"]).text) == members[:50]
    assert rest(listener.get("/map?cluster=1").text)["later"] == "/clusters/1/tracks?page=2&to=7"
    for place in ("/clusters/1/tracks?page=13", "/clusters/7/tracks"):
        assert listener.get(place).status_code == 404


@pytest.mark.parametrize("name", ["favourites", "rated"])
def test_queue_can_take_all_favourites(store: Store, listener: Browser, queries: Queries, name: str) -> None:
    tracks = seed_tracks(store, 130)
    owner = store.listeners.get_by_name("mira").listener_id
    for number, track in enumerate(tracks):
        now = NOW + timedelta(seconds=number)
        store.ratings.set_favourite(owner, track, True, now)
        store.ratings.set_stars(owner, track, 4, now)
    leave(store, tracks[10:12])
    wanted = [track for track in tracks[::-1] if track not in tracks[10:12]]
    first = listener.get(f"/{name}").text
    queue, piece = re.findall(r'data-play="(\w+)"', first), first
    while address := rest(piece).get("later"):
        queries()
        piece = listener.get(address).text
        assert len(queries()) <= 3
        queue += re.findall(r'data-play="(\w+)"', piece)
    assert queue == wanted
    second = rest(listener.get(next_page(first)).text)
    assert second["beginning"] == f"/{name}/tracks"
    assert re.findall(r'data-play="(\w+)"', listener.get(second["beginning"]).text) == wanted[:100]


def rest(page: str) -> dict[str, str]:
    """Where a page's list says that the rest of it comes from."""
    found = re.findall(r' data-(beginning|earlier|later)="([^"]+)"', page)
    return {way: html.unescape(address) for way, address in found}
