"""What the pages show, in every state that a library can be in."""

from __future__ import annotations

import dataclasses
import html
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from markupsafe import escape
from pymongo import MongoClient

from earwise.extraction.directory import refresh_directory
from earwise.notice import LibraryNotice, Source, write_notice
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.listeners import Listeners
from earwise.store.tracks import Tags, Tracks
from tests.conftest import free_port
from tests.web.conftest import Browser, broken
from tests.web.seeding import NOW, seed_model, seed_track, seed_tracks, start_extraction
from webapp import create_app
from webapp.filters import clip


def titles(page: str) -> list[str]:
    return [part.split("</bdi>")[0] for part in page.split('class="title"')[1:] for part in [part.split("<bdi>")[1]]]


def next_page(page: str) -> str | None:
    links = [tag for tag in page.split("<a ") if 'rel="next"' in tag]
    return html.unescape(links[0].split('href="')[1].split('"')[0]) if links else None


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


def test_track_page_ranks_its_neighbours_with_distance_cluster_and_player(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks, neighbours=3)
    page = listener.get(f"/tracks/{tracks[0]}").text
    assert titles(page) == ["Title 001", "Title 002", "Title 003"]
    assert [figure in page for figure in ("0.050", "0.100", "0.150")] == [True] * 3
    assert page.count('class="chip') == 4
    for near in tracks[:4]:
        assert f'href="/tracks/{near}/audio"' in page
    assert 'aria-label="Play Title 001 by Artist 1"' in page


def test_track_page_shows_the_nearest_and_the_others_on_request(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks, neighbours=40)
    page = listener.get(f"/tracks/{tracks[0]}").text
    assert titles(page) == [f"Title {n:03d}" for n in range(1, 26)]
    assert ">Show more</a>" in page
    assert f'href="/tracks/{tracks[0]}?show=all#rank-26"' in page
    whole = listener.get(f"/tracks/{tracks[0]}?show=all").text
    assert titles(whole) == [f"Title {n:03d}" for n in range(1, 41)]
    assert 'id="rank-26"' in whole
    assert ">Show more</a>" not in whole
    assert 'class="bar-part" width="62.5"' in page  # the 25th of 40, before and after
    assert 'class="bar-part" width="62.5"' in whole


def test_others_take_the_places_of_the_nearest_that_left(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks, neighbours=40)
    for left, has_more in ((range(1, 11), True), (range(11, 16), False), (range(16, 26), False)):
        for n in left:
            store.tracks.remove_file(tracks[n], LibraryPath("music", tracks[n].encode() + b".mp3"), NOW)
        page = listener.get(f"/tracks/{tracks[0]}").text
        assert titles(page) == [f"Title {n:03d}" for n in range(left[-1] + 1, 41)][:25]
        assert (">Show more</a>" in page) == has_more


def test_track_that_left_the_library_is_in_no_list_and_has_no_page(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks, neighbours=3)
    store.tracks.remove_file(tracks[1], LibraryPath("music", tracks[1].encode() + b".mp3"), NOW)
    assert titles(listener.get(f"/tracks/{tracks[0]}").text) == ["Title 002", "Title 003"]
    assert "Title 001" not in listener.get("/clusters/1").text
    assert listener.get(f"/tracks/{tracks[1]}").status_code == 404


def test_track_newer_than_the_model_says_when_it_will_be_recommended(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    page = listener.get(f"/tracks/{seed_track(store, Tags('Brand new'))}").text
    assert "New in the library" in page
    assert "after the next look at the library" in page


def test_cluster_page_lists_all_its_tracks_the_most_typical_first(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 80)
    seed_model(store, tracks, names=("Slow strings", "Bright piano"))
    first = listener.get("/clusters/1").text
    assert "Bright piano" in first
    assert titles(first)[:2] == ["Title 001", "Title 003"]
    second = listener.get(next_page(first)).text
    assert titles(first) + titles(second) == [f"Title {n:03d}" for n in range(1, 80, 2)]
    assert next_page(second) is None


@pytest.mark.parametrize("path", ["/clusters/99", "/clusters/1?page=0", "/clusters/1?page=9", f"/clusters/{10**30}"])
def test_cluster_or_page_that_does_not_exist_is_not_found(store: Store, listener: Browser, path: str) -> None:
    seed_model(store, seed_tracks(store, 12))
    assert listener.get(path).status_code == 404


def test_overview_shows_the_most_typical_tracks_of_every_cluster(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    page = listener.get("/clusters").text
    assert [name in page for name in ("Slow strings", "Bright piano", "Heavy drums")] == [True] * 3
    assert titles(page) == [f"Title {n:03d}" for n in (0, 3, 6, 1, 4, 7, 2, 5, 8)]


def test_pages_follow_the_active_model_when_it_changes(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    seed_model(store, tracks, model_id="model-2", names=("Only one",))
    assert "Only one" in listener.get("/clusters").text
    assert "Slow strings" not in listener.get(f"/tracks/{tracks[0]}").text


def test_every_page_costs_at_most_three_queries_beside_the_listener(
    store: Store, admin: Browser, queries: Callable[[], list[str]]
) -> None:
    tracks = seed_tracks(store, 60)
    refresh_directory(store)
    seed_model(store, tracks, neighbours=50)
    owner = store.listeners.get_by_name("root").listener_id
    playlist_id = store.playlists.create(owner, "Night", NOW)
    for track in tracks[:3]:
        store.playlists.add(owner, playlist_id, track, NOW)
        store.ratings.set_stars(owner, track, 3, NOW)
        store.ratings.set_favourite(owner, track, True, NOW)
        store.events.record(owner, track, track, heard_s=60, duration_s=185, now=NOW)
    paths = [
        "/",
        "/?q=title",
        "/?q=tilte",
        "/?q=artist+title+7",
        "/suggestions?q=ti",
        f"/tracks/{tracks[0]}",
        f"/tracks/{tracks[0]}?show=all",
        f"/tracks/{tracks[0]}/audio",
        f"/tracks/{tracks[0]}/picture",
        f"/tracks/{tracks[0]}/sound-print",
        f"/tracks/{tracks[0]}/why/{tracks[1]}",
        f"/tracks/{tracks[0]}/radio",
        f"/tracks/{tracks[0]}/path?to=title",
        "/clusters",
        "/clusters/1",
        "/admin",
        "/admin/quarantine",
        "/admin/training",
        "/admin/downloads",
        "/admin/models/model-1",
        "/favourites",
        "/rated",
        "/history",
        "/playlists",
        f"/playlists/{playlist_id}",
        f"/playlists/{playlist_id}.m3u8",
        f"/playlists/add/{tracks[0]}",
        f"/tracks/{tracks[0]}/marks",
        "/account",
    ]
    for path in paths:
        queries()
        admin.get(path)
        asked = queries()
        assert asked[0] == "find users", path
        assert len(asked) <= 4, (path, asked)


def test_pages_without_a_model_cost_no_more(store: Store, listener: Browser, queries: Callable[[], list[str]]) -> None:
    tracks = seed_tracks(store, 5)
    for path in ("/", f"/tracks/{tracks[0]}", "/clusters"):
        queries()
        assert listener.get(path).status_code == 200
        assert len(queries()) <= 4, path


def test_library_of_one_track_is_told_in_the_singular(store: Store, listener: Browser) -> None:
    only = seed_track(store, Tags("Only"))
    seed_model(store, [only], names=("Lonely",))
    assert "1 kind of sound" in listener.get("/clusters").text
    assert "<p>1 track</p>" in listener.get("/clusters/0").text
    assert "Nothing sounds like it" in listener.get(f"/tracks/{only}").text


def test_active_model_whose_documents_are_gone_counts_as_none(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 4)
    seed_model(store, tracks)
    store.model_parts.delete("model-1")
    for path in ("/", "/clusters", "/clusters/1", f"/tracks/{tracks[0]}"):
        answer = listener.get(path)
        assert answer.status_code == 200, path
        assert "Waiting for the first look" in answer.text, path


@pytest.mark.parametrize("path", ["/", "/clusters", "/clusters/3", "track"])
def test_before_the_first_model_pages_tell_how_far_extraction_is(store: Store, listener: Browser, path: str) -> None:
    tracks = seed_tracks(store, 5)
    start_extraction(store, done=13)
    answer = listener.get(f"/tracks/{tracks[0]}" if path == "track" else path)
    assert answer.status_code == 200
    assert "13 of 40 files heard" in answer.text
    assert '<progress max="40" value="13"' in answer.text


def test_after_extraction_pages_tell_that_training_is_next(store: Store, listener: Browser, admin: Browser) -> None:
    seed_tracks(store, 5)
    start_extraction(store, done=40)
    store.extraction_runs.finish("run", NOW)
    assert "training comes next" in listener.get("/").text
    assert "/dags/train_clusters" not in listener.get("/").text
    assert "http://127.0.0.1:8808/dags/train_clusters" in admin.get("/").text


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


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "‮reversed‮",
    "nul\0 and \x07 bell",
    "x" * 10_000,
    "' onmouseover='alert(1)",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tags_are_shown_harmlessly_on_every_page(store: Store, listener: Browser, text: str) -> None:
    seed = seed_track(store, Tags(text, text + "artist", text, text))
    others = seed_tracks(store, 5)
    seed_model(store, [seed, *others], names=(text, "Other"))
    owner = store.listeners.get_by_name("mira").listener_id
    playlist_id = store.playlists.create(owner, text[:100], NOW)
    store.playlists.add(owner, playlist_id, seed, NOW)
    store.ratings.set_favourite(owner, seed, True, NOW)
    store.ratings.set_stars(owner, seed, 5, NOW)
    store.events.record(owner, "one", seed, heard_s=60, duration_s=60, now=NOW)
    for path in (
        *("/favourites", "/rated", "/history", "/playlists", f"/playlists/{playlist_id}", f"/playlists/add/{seed}"),
        "/",
        f"/tracks/{seed}",
        f"/tracks/{others[0]}",
        "/clusters",
        "/clusters/0",
        "/?q=x",
        "/suggestions?q=x",
    ):
        page = listener.get(path).text
        for dangerous in ("<script>alert", "<img src=x", "onmouseover='", "\0", "\x07", "\u202e", "x" * 400):
            assert dangerous not in page, (path, dangerous)
        assert ">49<" not in page
    assert f"<bdi>{escape(clip(text))}</bdi></h1>" in listener.get(f"/tracks/{seed}").text


def test_unknown_page_is_the_apps_own(listener: Browser) -> None:
    answer = listener.get("/no/such/page")
    assert answer.status_code == 404
    assert "Nothing here" in answer.text
    assert "Go to the library" in answer.text


def test_large_form_is_refused_with_the_apps_own_page(nobody: Browser) -> None:
    answer = nobody.submit("/log-in", name="mira", password="x" * 100_000)
    assert answer.status_code == 413
    assert "Too much at once" in answer.text


def test_fault_in_a_page_gives_the_apps_own_page_without_the_store(
    settings: Settings, store: Store, dead_store: Store
) -> None:
    app = create_app(settings, store)
    app.add_url_rule("/fault", "health.fault", lambda: 1 / 0)
    app.before_request_funcs[None] = []
    with broken(app, "earwise_store", dead_store):
        answer = app.test_client().get("/fault")
    assert answer.status_code == 500
    assert "Something broke" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.fixture
def dead_store(store: Store) -> Iterator[Store]:
    """A store whose server does not answer."""
    with MongoClient[dict[str, object]]("127.0.0.1", free_port(), serverSelectionTimeoutMS=100) as client:
        yield dataclasses.replace(store, client=client, listeners=Listeners(client["x"]), tracks=Tracks(client["x"]))


def test_unreachable_store_gives_a_page_that_says_so(app: Flask, dead_store: Store, listener: Browser) -> None:
    with broken(app, "earwise_store", dead_store):
        answer, health = listener.get("/"), listener.get("/health")
    assert answer.status_code == 503
    assert "The library can&#39;t be reached" in answer.text
    assert answer.headers["Retry-After"] == "10"
    assert health.status_code == 503
    assert health.json["status"] == "unavailable"
    assert listener.get("/").status_code == 200


def test_app_does_not_wait_long_for_a_store_that_is_away(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, mongo_uri=f"mongodb://127.0.0.1:{free_port()}"))
    began = time.monotonic()
    assert app.test_client().get("/health").status_code == 503
    assert time.monotonic() - began < 5
    app.extensions["earwise_store"].close()
