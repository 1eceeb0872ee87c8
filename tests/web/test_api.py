"""What holds for all of the API: who may ask, how errors look, conditions, allowances; and the library through it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from earwise.errors import StoreAwayError
from earwise.extraction.directory import refresh_directory
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import PASSWORD, Browser, Program, broken
from tests.web.seeding import NOW, seed_model, seed_track, seed_tracks
from webapp import create_app


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 12)
    seed_model(store, found)
    refresh_directory(store)
    return found


def ids(answer: object) -> list[str]:
    return [item["id"] for item in answer.json["items"]]  # type: ignore[attr-defined]


# --- who asks ---


def test_session_reads_and_token_reads(listener: Browser, program: Program, tracks: list[str]) -> None:
    assert listener.get("/api/v1/clusters").json == program.get("/clusters").json


def test_nobody_is_told_how_to_ask(nobody: Browser) -> None:
    answer = nobody.get("/api/v1/tracks")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer realm=Earwise"
    assert answer.mimetype == "application/problem+json"


def test_bad_token_beside_a_good_session_is_refused(listener: Browser) -> None:
    shown = {"Authorization": "Bearer earwise_" + "0" * 16 + "_" + "0" * 64}
    assert listener.get("/api/v1/tracks", headers=shown).status_code == 401
    assert listener.get("/api/v1/tracks", headers={"Authorization": "Bearer a=b"}).status_code == 401


def test_password_for_a_proxy_in_front_leaves_the_session_as_it_is(listener: Browser, tracks: list[str]) -> None:
    shown = {"Authorization": "Basic bWlyYTp4"}
    assert listener.get("/api/v1/tracks", headers=shown).status_code == 200
    picture = f"/tracks/{tracks[0]}/picture"
    assert listener.get(picture, headers=shown).location == listener.get(picture).location
    assert not (listener.get(picture).location or "").startswith("/log-in")


def test_what_is_no_token_is_refused(app: Flask) -> None:
    for shown in ("", "Bearer", "Bearer ", "Basic bWlyYTp4", "Bearer {$ne: 1}", "Digest a=b"):
        answer = app.test_client().get("/api/v1/tracks", headers={"Authorization": shown})
        assert answer.status_code == 401, shown


def test_token_opens_no_page_but_plays(program: Program, tracks: list[str]) -> None:
    shown = {"Authorization": f"Bearer {program.token}"}
    for path in ("/", "/account", "/account/export", "/playlists", "/api"):
        assert program.client.get(path, headers=shown).location.startswith("/log-in"), path
    track = program.get(f"/tracks/{tracks[0]}").json
    assert program.client.get(track["picture"], headers=shown).status_code in (200, 302)
    assert program.client.get(track["audio"], headers=shown).status_code == 404


def test_revoked_token_is_refused_at_once(store: Store, program: Program, listener: Browser, tracks: list[str]) -> None:
    (token,) = store.tokens.of(store.listeners.get_by_name("mira").listener_id)
    assert program.get("/tracks").status_code == 200
    listener.submit(f"/account/tokens/{token.token_id}/revoke", page="/account")
    assert program.get("/tracks").status_code == 401
    for path in (f"/tracks/{tracks[0]}/audio", f"/tracks/{tracks[0]}/picture"):
        answer = program.client.get(path, headers={"Authorization": f"Bearer {program.token}"})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer realm=Earwise"), path


# --- errors ---


_ERRORS = (
    ("GET", "/nowhere", 404),
    ("GET", "/tracks/" + "0" * 32, 404),
    ("GET", "/tracks/" + "0" * 32 + "/similar", 404),
    ("GET", "/tracks/nothing", 404),
    ("GET", "/clusters/99", 404),
    ("GET", "/clusters/99/tracks", 404),
    ("GET", "/tracks?cursor=AAAA", 404),
    ("GET", "/clusters/0/tracks?cursor=LTE", 404),
    ("GET", "/tracks?cursor=%24", 422),
    ("GET", "/search", 422),
    ("GET", "/search?q=a&limit=51", 422),
    ("GET", "/search?q=a&limit=1_0", 422),
    ("DELETE", "/tracks", 405),
    ("POST", "/clusters", 405),
)


def test_errors_are_problem_documents(program: Program, tracks: list[str]) -> None:
    for method, path, status in _ERRORS:
        answer = program.send(method, path)
        assert answer.status_code == status, path
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == status
        assert answer.json["detail"]
        assert ("errors" in answer.json) == (status == 422), path
        assert ("Allow" in answer.headers) == (status == 405), path


def test_before_the_first_model_is_no_fault(program: Program, store: Store) -> None:
    (track,) = seed_tracks(store, 1)
    assert program.get("/clusters").status_code == 404
    assert program.get(f"/tracks/{track}/similar").json == {"model_id": None, "cluster": None, "items": []}


def test_store_that_is_away_is_a_problem_too(app: Flask, program: Program) -> None:
    with broken(app, "earwise_store", _Away()):
        answer = program.get("/tracks")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


class _Away:
    def __getattr__(self, name: str) -> object:
        raise StoreAwayError("gone")


# --- conditions and allowances ---


def test_unchanged_answer_is_not_sent_again(program: Program, store: Store, tracks: list[str]) -> None:
    for path in ("/tracks", f"/tracks/{tracks[0]}", "/clusters", f"/tracks/{tracks[0]}/similar", "/search?q=title"):
        first = program.get(path)
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = program.get(path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b"")
        assert program.get(path, If_Match='"of something else"').data == first.data
    first = program.get("/tracks")
    seed_track(store, Tags("New", "Artist 0"))
    refresh_directory(store)
    assert program.get("/tracks", If_None_Match=first.headers["ETag"]).status_code == 200


def test_allowance_is_told_and_kept(settings: Settings, store: Store, listener: Browser) -> None:
    app = create_app(replace(settings, api_per_minute=3), store)
    program = Program(app, store.tokens.create(store.listeners.get_by_name("mira").listener_id, "program", NOW))
    answers = [program.get("/tracks") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"account";q=3;w=60'
    assert answers[0].headers["RateLimit"].startswith('"account";r=2;t=')
    assert answers[3].mimetype == "application/problem+json"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60


# --- the library ---


def test_pages_of_tracks_hold_each_once(program: Program, store: Store) -> None:
    tracks = seed_tracks(store, 40)
    refresh_directory(store)
    first = program.get("/tracks")
    second = program.get(f"/tracks?cursor={first.json['next_cursor']}")
    assert sorted(ids(first) + ids(second)) == sorted(tracks)
    assert second.json["next_cursor"] is None


def test_track_is_described(program: Program, tracks: list[str]) -> None:
    found = program.get(f"/tracks/{tracks[3]}").json
    assert found["title"] == "Title 003"
    assert found["year"] == 2004
    assert found["audio"] == f"/tracks/{tracks[3]}/audio"
    assert (found["album_artist"], found["disc_number"], found["track_number"]) == ("", None, None)


def test_whom_an_album_is_by_and_the_disc_are_told(program: Program, store: Store) -> None:
    tags = Tags("One", "Ann feat. Ben", "Live", track_number=1, album_artist="Ann", disc_number=2)
    found = program.get(f"/tracks/{seed_track(store, tags)}").json
    assert (found["artist"], found["album_artist"]) == ("Ann feat. Ben", "Ann")
    assert (found["disc_number"], found["track_number"]) == (2, 1)


def test_search_corrects_and_ranks(program: Program, store: Store, tracks: list[str]) -> None:
    assert ids(program.get("/search?q=title+003")) == [tracks[3]]
    found = program.get("/search?q=artist&limit=5").json
    assert (len(found["items"]), found["has_more"]) == (5, True)


def test_pages_of_a_search_hold_every_hit_once(program: Program, tracks: list[str]) -> None:
    found, address = list[str](), "/search?q=title&limit=5"
    while address:
        page = program.get(address)
        found, following = found + ids(page), page.json["next_cursor"]
        assert page.json["has_more"] == bool(following)
        address = f"/search?q=title&limit=5&cursor={following}" if following else ""
    assert sorted(found) == sorted(tracks)


def test_similar_tracks_come_with_distance_percentile_and_cluster(program: Program, tracks: list[str]) -> None:
    found = program.get(f"/tracks/{tracks[0]}/similar?limit=3").json
    assert found["model_id"] == "model-1"
    assert [item["track"]["id"] for item in found["items"]] == tracks[1:4]
    assert found["items"][0]["distance"] == pytest.approx(0.05)
    assert found["items"][0]["cluster"]["name"] == "Bright piano"
    assert "shared" not in found["items"][0]


def test_pages_of_a_cluster_hold_each_of_its_tracks_once(program: Program, store: Store) -> None:
    tracks = seed_tracks(store, 40)
    seed_model(store, tracks, names=("All",))
    first = program.get("/clusters/0/tracks")
    second = program.get(f"/clusters/0/tracks?cursor={first.json['next_cursor']}")
    assert sorted(ids(first) + ids(second)) == sorted(tracks)
    assert second.json["next_cursor"] is None


# --- what it costs, and where it is written ---


def test_no_route_asks_the_store_more_than_three_things(
    program: Program, tracks: list[str], queries: Callable[[], list[str]]
) -> None:
    program.get("/tracks")
    for path in (
        "/tracks",
        f"/tracks/{tracks[0]}",
        "/search?q=titel",
        f"/tracks/{tracks[0]}/similar?why=true",
        "/clusters",
        "/clusters/0",
        "/clusters/0/tracks",
    ):
        queries()
        assert program.get(path).status_code == 200
        asked = queries()
        assert asked[0] == "aggregate tokens", path
        assert len(asked) <= 4, (path, asked)


def test_reference_names_every_operation(listener: Browser, program: Program) -> None:
    document = program.get("/openapi.json").json
    page = listener.get("/api").text
    assert document["openapi"] == "3.1.0"
    for path, methods in document["paths"].items():
        for method in methods.keys() - {"parameters"}:
            assert f"<strong>{method.upper()}</strong> {path}<" in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page


# --- tokens on the account page ---


def test_token_is_shown_once_and_works(app: Flask, listener: Browser) -> None:
    page = listener.submit("/account/tokens", page="/account", name="phone", current=PASSWORD).text
    token = re.search("earwise_[0-9a-f_]+", page)
    assert token
    assert Program(app, token[0]).get("/tracks").status_code == 200
    later = listener.get("/account").text
    assert token[0] not in later
    assert "phone" in later
    assert "last used" in later


def test_token_needs_the_password_and_a_name(listener: Browser) -> None:
    for name, current, wrong in (
        ("phone", "wrong", "This is not your password."),
        ("", PASSWORD, "Say what it is for."),
    ):
        answer = listener.submit("/account/tokens", page="/account", name=name, current=current)
        assert answer.status_code == 400
        assert wrong in answer.text
        assert "earwise_" not in re.sub("earwise_session", "", answer.text)
