"""How often an answer asks the store: three times beside the look-up of who asks, however large the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from tests.web.conftest import Browser, Program
from tests.web.reading import titles
from tests.web.seeding import NOW, leave, seed_model, seed_tracks
from tests.web.test_access import give_opinions, make_token, walk
from tests.web.test_pictures import hear
from webapp.accounts import PUBLIC

type Queries = Callable[[], list[str]]
# What is no page, and takes as long as there is much of it: all that an account holds, and a playlist as a file.
_WHOLE = {"account.export", "playlists.export"}


@pytest.fixture
def tracks(store: Store, library: Path) -> list[str]:
    """A library of which some tracks were heard, and one can be played."""
    found = seed_tracks(store, 210)
    (library / f"{found[0]}.mp3").write_bytes(b"sound")
    seed_model(store, found, neighbours=50)
    refresh_directory(store)
    hear(store, found[:60])
    return found


@pytest.fixture
def owned(store: Store, tracks: list[str], admin: Browser) -> dict[str, str]:
    """A playlist of all tracks and a token of the admin, who has opinions too."""
    give_opinions(store, "root")
    owner = store.listeners.get_by_name("root").listener_id
    for track in tracks:
        store.events.record(owner, track, track, heard_s=60, duration_s=185, now=NOW)
    return {"playlist_id": store.playlists.create(owner, "Night", NOW, tracks), "token_id": make_token(store, "root")}


def test_every_page_costs_at_most_three_queries_beside_the_listener(
    app: Flask, admin: Browser, owned: dict[str, str], tracks: list[str], queries: Queries
) -> None:
    walked = [
        (endpoint, path)
        for endpoint, method, path in walk(app, **owned)
        if method == "GET" and not endpoint.startswith("v1-") and endpoint not in _WHOLE
    ]
    assert len(walked) >= 40
    found = {}
    for endpoint, path in [*walked, *(("", path) for path in further_pages(tracks, owned["playlist_id"]))]:
        queries()
        assert admin.get(path).status_code < 400, path
        asked = queries()
        if asked and endpoint not in PUBLIC:
            assert asked.pop(0) == "find users", path
        found[path] = asked
    assert {path: asked for path, asked in found.items() if len(asked) > 3} == {}


def further_pages(tracks: list[str], playlist_id: str) -> list[str]:
    """Addresses with what can be asked of them."""
    return [
        "/?q=title",
        "/?q=tilte",
        "/?q=title&typed=tilte",
        "/?q=artist+title+7",
        "/?page=2&sort=title",
        "/?q=title&page=2",
        "/?q=artist+title&page=3",
        "/suggestions?q=ti",
        "/suggestions?q=tilte",
        "/browse?of=ar",
        f"/tracks/{tracks[0]}?show=all",
        f"/tracks/{tracks[0]}/why/{tracks[1]}",
        f"/tracks/{tracks[0]}/path?to=title",
        "/clusters/1?page=2",
        "/clusters/1/tracks?page=2&to=3",
        f"/browse/genres/{shelf_key('Ambient')}/tracks?page=2&to=6",
        f"/browse/albums/{shelf_key('Album 0', 'Artist 0')}",
        "/map?cluster=1",
        f"/playlists/{playlist_id}?page=3",
    ]


def test_what_is_excepted_costs_little_more(
    store: Store, listener: Browser, tracks: list[str], queries: Queries
) -> None:
    former = "f" * 32
    leave(store, [*tracks[1:41], *tracks[61:101]])
    owner = store.listeners.get_by_name("mira").listener_id
    playlist_id = store.playlists.create(owner, "Night", NOW, [tracks[0], tracks[60]])
    store.aliases.put(former, tracks[0], NOW)
    for path, most in (
        (f"/tracks/{former}/audio", 3),
        (f"/tracks/{former}/marks", 3),
        (f"/tracks/{former}/radio", 5),
        (f"/tracks/{former}/path?to=title", 5),
        (f"/playlists/add/{former}", 4),
        # All of the nearest that are read at first have left.
        (f"/playlists/{playlist_id}/radio", 4),
    ):
        queries()
        assert listener.get(path, follow_redirects=True).status_code == 200, path
        assert len(asked := queries()) <= most + 1, (path, asked)
    assert listener.get(f"/tracks/{tracks[0]}/path?to=tilte").location.endswith("to=title")
    assert len(asked := queries()) <= 5, asked


def test_every_answer_of_the_api_costs_three_queries_beside_who_asks(
    app: Flask, store: Store, owned: dict[str, str], tracks: list[str], queries: Queries
) -> None:
    program = Program(app, store.tokens.create(store.listeners.get_by_name("root").listener_id, "program", NOW))
    found = {}
    for endpoint, method, path in walk(app, **owned):
        if endpoint.startswith("v1-") and method == "GET":
            queries()
            assert program.get(path.removeprefix("/api/v1")).status_code < 400, path
            found[path] = [one for one in queries() if not one.endswith(" tokens")]
    assert len(found) > 15
    assert {path: asked for path, asked in found.items() if len(asked) > 3} == {}


@pytest.mark.parametrize("left", [3, 10, 27, 45])
@pytest.mark.parametrize("show", ["", "?show=all"])
def test_recommendations_cost_no_more_where_many_of_the_nearest_left(
    store: Store, listener: Browser, tracks: list[str], queries: Queries, left: int, show: str
) -> None:
    leave(store, tracks[1 : left + 1])
    owner = store.listeners.get_by_name("mira").listener_id
    store.ratings.set_thumb(owner, tracks[0], tracks[left + 1], True, model_id="model-1", now=NOW)
    store.ratings.set_stars(owner, tracks[0], 4, NOW)
    queries()
    page = listener.get(f"/tracks/{tracks[0]}{show}").text
    assert len(asked := queries()) <= 4, asked
    assert len(titles(page)) == min(50 - left, 50 if show else 25)
    assert page.count('aria-pressed="true"') == 2


def test_pages_of_tracks_that_left_or_became_others_cost_no_more(
    store: Store, listener: Browser, tracks: list[str], queries: Queries
) -> None:
    leave(store, tracks[1:4])
    store.aliases.put(tracks[1], tracks[0], NOW)
    for track, status in ((tracks[0], 200), (tracks[1], 302), (tracks[2], 404)):
        queries()
        assert listener.get(f"/tracks/{track}").status_code == status
        assert len(asked := queries()) <= 4, (status, asked)


def test_overview_of_many_clusters_costs_no_more(
    store: Store, listener: Browser, tracks: list[str], queries: Queries
) -> None:
    for k, examples in ((60, 120), (100, 100), (200, 150)):
        seed_model(store, tracks, model_id=f"of {k}", names=[f"Sound {number}" for number in range(k)])
        listener.get("/")  # what it keeps of the model before is found to be old
        queries()
        page = listener.get("/clusters").text
        assert len(asked := queries()) <= 4, (k, asked)
        assert (page.count("Sound "), len(titles(page))) == (k, examples)


@pytest.mark.parametrize("left", [0, 30, 55])
def test_radio_costs_no_more_where_many_of_the_nearest_left(
    store: Store, listener: Browser, tracks: list[str], queries: Queries, left: int
) -> None:
    leave(store, tracks[10 : 10 + left])
    token = {"csrf_token": listener.token("/playlists")}
    for ask in (
        lambda: listener.get(f"/tracks/{tracks[0]}/radio"),
        lambda: listener.client.post("/radio/next", data=token | {"played": ",".join(tracks[:10])}),
    ):
        queries()
        assert ask().status_code == 200
        assert len(asked := queries()) <= 4, asked


def test_forms_cost_no_more(store: Store, listener: Browser, tracks: list[str], queries: Queries) -> None:
    token = {"csrf_token": listener.token("/playlists")}
    for path, fields in (
        ("/radio/next", {"played": ",".join(tracks[:10])}),
        (f"/tracks/{tracks[0]}/stars", {"stars": "3"}),
        (f"/tracks/{tracks[0]}/heard", {"listening": "a" * 32, "heard_s": "40"}),
        ("/playlists", {"name": "Night", "track": tracks[0]}),
    ):
        queries()
        assert listener.client.post(path, data=fields | token).status_code in {200, 204, 302}, path
        assert len(asked := queries()) <= 4, (path, asked)


@pytest.mark.parametrize("left", [[], [20, 21, 95, 99, 120]])
def test_form_that_makes_a_path_reads_four_times_and_writes_once(
    store: Store, listener: Browser, tracks: list[str], queries: Queries, left: list[int]
) -> None:
    leave(store, [tracks[number] for number in left])
    token = {"csrf_token": listener.token("/playlists")}
    queries()
    answer = listener.client.post(f"/tracks/{tracks[0]}/path", data=token | {"track": tracks[140]})
    assert answer.location.startswith("/playlists/")
    asked = queries()
    assert asked[-1] == "insert playlists"
    assert len(asked) <= 6, asked


def test_pages_without_a_model_cost_no_more(store: Store, listener: Browser, queries: Queries) -> None:
    found = seed_tracks(store, 5)
    for path in ("/", f"/tracks/{found[0]}", "/clusters"):
        queries()
        assert listener.get(path).status_code == 200
        assert len(queries()) <= 4, path
