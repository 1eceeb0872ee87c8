"""Browsing by artist, album, genre and year."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import Browser
from tests.web.reading import next_page
from tests.web.seeding import seed_track, seed_tracks


def shelf_links(page: str) -> list[str]:
    return re.findall(r'<a class="shelf" href="([^"]+)"', page)


def test_every_kind_leads_to_its_tracks_in_at_most_three_queries(
    store: Store, listener: Browser, queries: Callable[[], list[str]]
) -> None:
    seed_tracks(store, 30)
    refresh_directory(store)
    for kind, first in (("artists", "Artist 0"), ("albums", "Album 0"), ("genres", "Ambient"), ("years", "2000s")):
        queries()
        page = listener.get(f"/browse/{kind}", follow_redirects=True).text
        assert f"<bdi>{first}</bdi>" in page
        assert len(queries()) <= 3
        tracks = listener.get(shelf_links(page)[0]).text
        assert len(queries()) <= 3
        assert f"<h1><bdi>{first}</bdi></h1>" in tracks
        assert "Title 0" in tracks


def test_the_order_stands_in_the_address_and_pages_keep_it(store: Store, listener: Browser) -> None:
    seed_tracks(store, 65)
    refresh_directory(store)
    shelf = shelf_links(listener.get("/browse/genres").text)[0]
    first = listener.get(f"{shelf}?sort=title").text
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert "sort=title" in following
    second = listener.get(following).text
    assert "Page 2 of 3" in second
    assert re.search(r"<bdi>Title 030</bdi>", second)


def test_an_empty_library_says_what_to_do(listener: Browser) -> None:
    page = listener.get("/browse").text
    assert "No artists yet" in page
    assert "Browse all tracks" in page


def test_addresses_that_nobody_made_are_not_found(store: Store, listener: Browser) -> None:
    seed_tracks(store, 3)
    refresh_directory(store)
    for path in ("/browse/moods", "/browse?page=2", "/browse?page=x", "/browse?sort=$ne", "/browse/artists/none"):
        assert listener.get(path).status_code == 404, path


def test_hostile_names_are_shown_harmlessly(store: Store, listener: Browser) -> None:
    by = "\u202e<script>alert(2)</script>\x00" + "y" * 10_000
    seed_track(store, Tags("A", "<script>alert(1)</script>", "\u202eevil\x00", "x" * 10_000, album_artist=by))
    refresh_directory(store)
    for kind in ("artists", "albums", "genres"):
        page = listener.get(f"/browse/{kind}", follow_redirects=True).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "x" * 400 not in page
        assert "y" * 400 not in page
        assert listener.get(shelf_links(page)[0]).status_code == 200


def test_album_of_many_artists_is_one_and_says_whom_it_is_by_and_whom_each_track_is_by(
    store: Store, listener: Browser
) -> None:
    for number, artist in enumerate(("Ann", "Ben", "Cleo")):
        by = "Various <b>Artists</b>"
        seed_track(store, Tags(f"Tune {number}", artist, "Hits", track_number=number, album_artist=by))
    refresh_directory(store)
    page = listener.get("/browse/albums").text
    (album,) = shelf_links(page)
    by = "<bdi>Various &lt;b&gt;Artists&lt;/b&gt;</bdi>"
    assert f"{by} · 3 tracks" in page
    tracks = listener.get(album).text
    assert f'<p class="byline">{by}</p>' in tracks
    assert "<li>3 tracks</li>" in tracks
    assert all(f"<bdi>{artist}</bdi>" in tracks for artist in ("Ann", "Ben", "Cleo"))
    assert re.findall(r"<bdi>(Tune \d)</bdi>", tracks) == ["Tune 0", "Tune 1", "Tune 2"]


def test_a_misspelt_search_says_what_was_searched_for(store: Store, listener: Browser) -> None:
    track_id = seed_track(store, Tags("Ivory", "Savino"))
    refresh_directory(store)
    found = listener.get("/?q=savinno", follow_redirects=True)
    assert "for “<bdi>savino</bdi>”" in found.text
    assert "Nothing here is spelt “<bdi>savinno</bdi>”" in found.text
    assert found.request.args["q"] == "savino"
    assert "Ivory" in listener.get("/suggestions?q=savinno", follow_redirects=True).text
    path = listener.get(f"/tracks/{track_id}/path?to=savinno", follow_redirects=True)
    assert path.request.args["to"] == "savino"


def test_shelves_are_filtered_by_the_address_and_pages_and_orders_keep_it(
    store: Store, listener: Browser, queries: Callable[[], list[str]]
) -> None:
    for number in range(130):
        seed_track(store, Tags(f"Title {number}", f"{'Mogwai' if number % 2 else 'Sigur'} {number:03d}", "Album"))
    refresh_directory(store)
    queries()
    first = listener.get("/browse?of=mog&sort=size").text
    assert len(queries()) <= 3
    assert "65 artists with “<bdi>mog</bdi>”" in first
    assert "Sigur" not in first
    assert 'name="of" type="search" value="mog"' in first
    following = next_page(first)
    assert following == "/browse?page=2&of=mog&sort=size"
    assert len(shelf_links(first) + shelf_links(listener.get(following).text)) == 65
    assert 'href="/browse?sort=name&amp;of=mog"' in first
    assert listener.get("/browse?of=mog&page=3").status_code == 404


@pytest.mark.parametrize("typed", ["zappa", "!!!", "$ne", "<script>alert(1)</script>", "\u202e\u202e", "x" * 10_000])
def test_filter_that_leaves_nothing_says_what_to_do(store: Store, listener: Browser, typed: str) -> None:
    seed_tracks(store, 3)
    refresh_directory(store)
    answer = listener.client.get("/browse/albums", query_string={"of": typed, "sort": "size"})
    assert answer.status_code == 200
    assert "Try fewer letters." in answer.text
    assert 'href="/browse/albums?sort=size">All albums</a>' in answer.text
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text.split('value="')[-1]


def test_decades_have_no_filter(store: Store, listener: Browser) -> None:
    seed_tracks(store, 3)
    refresh_directory(store)
    page = listener.get("/browse/years?of=zappa").text
    assert "2000s" in page
    assert "1 decade<" in page
    assert 'name="of"' not in page
