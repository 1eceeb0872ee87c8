"""Home: the search box, and the library page by page."""

from __future__ import annotations

import html
import re

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.notice import LibraryNotice, Source, write_notice
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import Browser
from tests.web.reading import next_page, titles
from tests.web.seeding import NOW, seed_model, seed_track, seed_tracks


def test_list_pages_through_every_track_once(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 120))
    refresh_directory(store)
    seen, address = [], "/"
    while address:
        page = listener.get(address).text
        seen += titles(page)
        address = next_page(page)
    assert len(seen) == 120
    assert seen[:2] == ["Title 000", "Title 021"]
    assert set(seen) == {f"Title {n:03d}" for n in range(120)}


def test_letter_leads_to_the_page_on_which_it_begins(store: Store, listener: Browser) -> None:
    seed_model(store, [seed_track(store, Tags(f"First {n:02d}", "Abba")) for n in range(40)])
    seed_track(store, Tags("Second", "Mogwai"))
    refresh_directory(store)
    page = listener.get("/").text
    assert "Second" not in page
    letter = next(tag for tag in page.split("<a ") if ">M</a>" in tag)
    following = listener.get(html.unescape(letter.split('href="')[1].split('"')[0])).text
    assert titles(following)[-1] == "Second"
    by_title = listener.get("/?sort=title&page=2").text
    assert titles(by_title)[0] == "First 30"


def test_what_was_heard_is_shown_before_it_is_listed(store: Store, listener: Browser) -> None:
    seed_tracks(store, 3)
    page = listener.get("/").text
    assert "Tracks heard so far" in page
    assert sorted(titles(page)) == ["Title 000", "Title 001", "Title 002"]


@pytest.mark.parametrize("query", ["page=0", "page=2", "page=x", "page=$ne", "sort=$ne", f"page={10**30}"])
def test_page_that_nobody_made_is_not_found(store: Store, listener: Browser, query: str) -> None:
    seed_model(store, seed_tracks(store, 3))
    refresh_directory(store)
    assert listener.get(f"/?{query}").status_code == 404


def test_search_works_as_a_plain_form(store: Store, listener: Browser) -> None:
    seed_track(store, Tags("Svefn-g-englar", "Sigur Rós", "Ágætis byrjun"))
    seed_track(store, Tags("Ivory", "Savino"))
    assert titles(listener.get("/?q=sigur+svef").text) == ["Svefn-g-englar"]
    nothing = listener.get("/?q=zzz").text
    assert "Nothing found" in nothing
    assert "Browse all tracks" in nothing


@pytest.mark.parametrize("is_listed", [True, False])
def test_hits_beyond_the_first_page_are_reached(store: Store, listener: Browser, is_listed: bool) -> None:
    seed_tracks(store, 70)
    if is_listed:
        refresh_directory(store)
    first = listener.get("/?q=title").text
    assert "The first 30 tracks for “<bdi>title</bdi>”" in first
    assert next_page(first) == "/?q=title&page=2"
    second = listener.get(next_page(first)).text
    assert "Tracks 31 to 60 for “<bdi>title</bdi>”" in second
    assert 'rel="prev" href="/?q=title&amp;page=1"' in second
    third = listener.get(next_page(second)).text
    assert "Tracks 61 to 70" in third
    assert next_page(third) is None
    assert sorted(titles(first) + titles(second) + titles(third)) == [f"Title {n:03d}" for n in range(70)]
    assert [listener.get(f"/?q=title&page={n}").status_code for n in (4, 0, "x", 9999999)] == [404] * 4


def test_page_of_hits_that_have_all_left_leads_on(store: Store, listener: Browser) -> None:
    seed_tracks(store, 70)
    refresh_directory(store)
    shown = [listener.get(f"/?q=title&page={number}").text for number in (1, 2, 3)]
    for track in re.findall(r'data-row="(\w+)"', shown[1] + shown[2]):
        store.tracks.remove_file(track, LibraryPath("music", track.encode() + b".mp3"), NOW)
    second = listener.get(next_page(shown[0])).text
    assert "Nothing on this page" in second
    assert titles(second) == []
    assert next_page(second) == "/?q=title&page=3"
    assert titles(listener.get("/?q=title").text) == titles(shown[0])
    last = listener.get("/?q=title&page=3")
    assert (last.status_code, "Nothing on this page" in last.text, next_page(last.text)) == (200, True, None)


def test_suggestions_are_options_that_lead_to_the_track(store: Store, listener: Browser) -> None:
    found = seed_track(store, Tags("Ivory", "Savino"))
    options = listener.get("/suggestions?q=ivo").text
    assert 'role="option"' in options
    assert f'href="/tracks/{found}"' in options
    assert listener.get("/suggestions?q=").text.strip() == ""


@pytest.mark.parametrize("query", ["$ne", '{"$gt": ""}', "(", ".*", "\0", "x" * 5000, "<script>", "‮"])
def test_any_query_is_only_text(store: Store, listener: Browser, query: str) -> None:
    seed_tracks(store, 3)
    for path in ("/", "/suggestions"):
        answer = listener.get(path, query_string={"q": query})
        assert answer.status_code == 200
        assert "<script>" not in answer.text


def test_empty_library_says_what_to_do(listener: Browser) -> None:
    page = listener.get("/").text
    assert "No tracks yet" in page
    assert "Put music into the library" in page


def test_home_names_the_library_its_sources_and_licences(settings: Settings, store: Store, listener: Browser) -> None:
    assert "Licence" not in listener.get("/").text
    notice = LibraryNotice("Demo <library>", "Open music.", (Source("wesnoth", "CC BY-SA 4.0", 62),))
    write_notice(settings.library[0], notice)
    page = listener.get("/").text
    assert "Demo &lt;library&gt;" in page
    assert "CC BY-SA 4.0" in page
