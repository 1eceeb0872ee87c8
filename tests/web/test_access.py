"""Who may see what: every route of the app is walked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.listeners import Role
from earwise.store.personal import PERSONAL
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.web.conftest import PASSWORD, Browser
from tests.web.seeding import NOW, seed_model, seed_track, seed_tracks, track_id
from webapp.accounts import PUBLIC

_TRACK = track_id("Title 000Artist 0")
_VALUES = {
    "track_id": _TRACK,
    "seed_id": _TRACK,
    "number": 1,
    "cluster": 1,
    "rank": 0,
    "model_id": "model-1",
    "release": "0",
    "filename": "earwise.css",
    "playlist_id": "0" * 24,
    "key": "0" * 24,
    "token_id": "0" * 16,
    "artist_key": shelf_key("Artist 0"),
    "listening_id": "0" * 16,
    "kind": "artists",
    "shelf": shelf_key("Artist 0"),
}
# What every form of the app would take, so that a refusal is for who asks and not for what is sent.
FIELDS = {
    "name": "Taken",
    "track": _TRACK,
    "place": "1",
    "stars": "3",
    "favourite": "yes",
    "thumb": "up",
    "seed": _TRACK,
    "model": "model-1",
    "listening": "a" * 32,
    "heard_s": "40",
    "played": _TRACK,
    "current": PASSWORD,
}
# What some routes have to be asked.
_QUERIES = {
    "v1-library.search": {"q": "title"},
    "v1-journeys.path": {"from": _TRACK, "to": track_id("Title 005Artist 5")},
}
_BINARY = ("pictures.picture", "pictures.soundprint", "sound_map.points")
ENDS_THE_SESSION = {"auth.log_out", "auth.log_in", "auth.sign_up", "account.delete", "account.change_password"}


@pytest.fixture(autouse=True)
def library_in_use(store: Store) -> None:
    seed_model(store, seed_tracks(store, 12))
    refresh_directory(store)


def walk(app: Flask, **values: object) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and a path of every route."""
    adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
    drawn = app.extensions["earwise_store"].maps.find("model-1")
    values = {"edition": drawn.edition if drawn else "none", **values}
    for rule in app.url_map.iter_rules():
        known = {name: (_VALUES | values)[name] for name in rule.arguments}
        path = adapter.build(rule.endpoint, known | _QUERIES.get(rule.endpoint, {}))
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield rule.endpoint, method, path


def make_playlist(store: Store, name: str) -> str:
    """A playlist with one track, of the listener of this name."""
    owner = store.listeners.get_by_name(name).listener_id
    playlist_id = store.playlists.create(owner, "Night", NOW)
    store.playlists.add(owner, playlist_id, _TRACK, NOW)
    return playlist_id


def make_token(store: Store, name: str) -> str:
    """The id of a token of the listener of this name."""
    owner = store.listeners.get_by_name(name).listener_id
    store.tokens.create(owner, "Night", NOW)
    return store.tokens.of(owner)[0].token_id


def give_opinions(store: Store, name: str) -> None:
    """Stars, a favourite, a thumb and a play of the listener of this name; on a track, too, that is in no list yet."""
    owner = store.listeners.get_by_name(name).listener_id
    for track in (_TRACK, seed_track(store, Tags("Night owl"))):
        store.ratings.set_stars(owner, track, 5, NOW)
        store.ratings.set_favourite(owner, track, True, NOW)
        store.events.record(owner, track, track, heard_s=60, duration_s=185, now=NOW)
    for near in store.serving.find_lists([_TRACK])[_TRACK]:
        store.ratings.set_thumb(owner, _TRACK, near.track_id, True, model_id="model-1", now=NOW)


def documents_of(store: Store, name: str) -> dict[str, list[dict[str, object]]]:
    owner = store.listeners.get_by_name(name).listener_id
    return {collection: list(store.personal.documents(owner, collection)) for collection in PERSONAL}


def test_public_pages_are_sign_up_log_in_health_and_static_files() -> None:
    assert set(PUBLIC) == {"auth.sign_up", "auth.log_in", "health.health", "static"}


def test_nobody_is_sent_to_log_in_from_every_other_route(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    walked = list(walk(app))
    assert len(walked) > 50
    for endpoint, method, path in walked:
        answer = app.test_client().open(path, method=method, buffered=True)
        if endpoint in PUBLIC:
            assert answer.status_code == 200, (endpoint, method)
        elif path.startswith("/api/"):
            assert answer.status_code == 401, (endpoint, method)
            assert answer.mimetype == "application/problem+json", (endpoint, method)
        else:
            assert answer.status_code == 302, (endpoint, method)
            assert answer.location.startswith("/log-in"), (endpoint, method)
            assert b"Title 000" not in answer.data


@pytest.mark.parametrize("role", [Role.LISTENER, Role.ADMIN])
def test_what_is_a_listeners_own_is_out_of_reach_for_everybody_else(
    app: Flask, store: Store, listener: Browser, enter: Callable[..., Browser], role: Role
) -> None:
    playlist_id, other = make_playlist(store, "mira"), enter("jon", role)
    token_id = make_token(store, "mira")
    give_opinions(store, "mira")
    app.config["WTF_CSRF_ENABLED"] = False
    before = documents_of(store, "mira")
    assert all(before.values()), "something of every kind"
    assert other.get(f"/tracks/{_TRACK}/marks").json == {"stars": 0, "favourite": False}
    assert "is-on" not in other.get(f"/tracks/{_TRACK}").text
    assert "is-on" in listener.get(f"/tracks/{_TRACK}").text
    for endpoint, method, path in walk(app, playlist_id=playlist_id, token_id=token_id):
        if endpoint in ENDS_THE_SESSION or endpoint.startswith("v1-"):  # see test_api_own
            continue
        data = FIELDS if method == "POST" else None
        answer = other.client.open(path, method=method, data=data, buffered=True)
        if {"playlist_id", "token_id"} & app.url_map._rules_by_endpoint[endpoint][0].arguments:
            assert answer.status_code == 404, (endpoint, method)
        elif endpoint.startswith("admin.") and role is Role.LISTENER:
            assert answer.status_code in {403, 405}, (endpoint, method)
        else:
            assert answer.status_code < 500, (endpoint, method)
        assert b"Night" not in answer.data, (endpoint, method)
    assert documents_of(store, "mira") == before


def test_what_the_walk_looks_for_is_shown_to_its_owner(store: Store, listener: Browser) -> None:
    playlist_id = make_playlist(store, "mira")
    make_token(store, "mira")
    give_opinions(store, "mira")
    for path in ("/favourites", "/rated", "/history", "/playlists", f"/playlists/{playlist_id}", "/account/export"):
        assert "Night" in listener.get(path).text, path


def test_every_form_does_its_work_for_the_owner(app: Flask, store: Store, listener: Browser) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    playlist_id, token_id = make_playlist(store, "mira"), make_token(store, "mira")
    for endpoint, method, path in walk(app, playlist_id=playlist_id, token_id=token_id):
        if method == "POST" and endpoint not in ENDS_THE_SESSION and not endpoint.startswith(("admin.", "v1-")):
            if endpoint == "playlists.restore":
                owner = store.listeners.get_by_name("mira").listener_id
                store.playlists.delete(owner, playlist_id, datetime.now(UTC))
            answer = listener.client.post(path, data=FIELDS)
            shows = endpoint in {"radio.more", "account.make_token"}
            assert answer.status_code in ({200} if shows else {204, 302}), (endpoint, answer.status_code)
            if endpoint == "playlists.delete":
                store.playlists.restore(store.listeners.get_by_name("mira").listener_id, playlist_id, NOW)


def test_no_form_is_taken_without_the_token_of_its_session(
    app: Flask, store: Store, admin: Browser, enter: Callable[..., Browser]
) -> None:
    owned = {"playlist_id": make_playlist(store, "root"), "token_id": make_token(store, "root")}
    of_another = enter("jon").token("/account")
    store.quarantine.put(LibraryPath("music", b"a.mp3"), "silent", "Nothing to hear.", NOW)
    before, account = documents_of(store, "root"), store.listeners.get_by_name("root")
    walked = [(endpoint, path) for endpoint, method, path in walk(app, **owned) if method == "POST"]
    forms = [(endpoint, path) for endpoint, path in walked if not endpoint.startswith("v1-")]  # see test_api_own
    assert len(forms) > 20
    for endpoint, path in forms:
        for token in ({}, {"csrf_token": "nonsense"}, {"csrf_token": of_another}):
            answer = admin.client.post(path, data=FIELDS | token)
            assert (answer.status_code, "This form is no longer good" in answer.text) == (400, True), (endpoint, token)
    assert documents_of(store, "root") == before
    assert store.quarantine.count_retries() == 0
    assert store.listeners.get_by_name("root") == account


@pytest.mark.parametrize("body", [{"$ne": ""}, {"$gt": ""}, ["$where"], "$ne", 1e999, None])
def test_mongodb_operators_in_json_are_refused_by_every_form(
    app: Flask, store: Store, listener: Browser, body: object
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    playlist_id = make_playlist(store, "mira")
    before = documents_of(store, "mira")
    for endpoint, method, path in walk(app, playlist_id=playlist_id):
        if method != "POST" or endpoint in {"auth.log_out", "playlists.delete", "playlists.restore"}:
            continue
        answer = listener.client.post(path, json=dict.fromkeys(FIELDS, body))
        assert answer.status_code in {200, 302, 400, 403, 404, 422}, endpoint
        assert documents_of(store, "mira") == before, endpoint


@pytest.mark.parametrize("value", ['{"$ne": ""}', "[$ne]", "$where", "-1", "1e999", "nan", "9" * 400, "\0", "✓"])
def test_mongodb_operators_in_fields_are_refused_by_every_form(
    app: Flask, store: Store, listener: Browser, value: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    playlist_id = make_playlist(store, "mira")
    before = documents_of(store, "mira")
    texts = {"playlists.create", "playlists.rename"}
    for endpoint, method, path in walk(app, playlist_id=playlist_id):
        if method != "POST" or endpoint in {"auth.log_out", "playlists.delete", "playlists.restore", *texts}:
            continue
        for fields in (dict.fromkeys(FIELDS, value), {f"{name}[$ne]": value for name in FIELDS}):
            answer = listener.client.post(path, data=fields)
            assert answer.status_code < 500, endpoint
            assert documents_of(store, "mira") == before, endpoint


def test_nobody_learns_which_addresses_exist(nobody: Browser) -> None:
    assert nobody.get("/no/such/page").location == "/log-in?next=/no/such/page"


def test_admin_pages_refuse_listeners(app: Flask, listener: Browser) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    routes = [(method, path) for endpoint, method, path in walk(app) if endpoint.startswith("admin.")]
    assert len(routes) >= 6
    for method, path in routes:
        answer = listener.client.open(path, method=method, buffered=True)
        assert answer.status_code == 403, (method, path)
        assert method == "HEAD" or "Not for this account" in answer.text
    assert "/admin" not in listener.get("/").text


def test_every_page_answers_an_admin(app: Flask, store: Store, admin: Browser) -> None:
    for endpoint, method, path in walk(app, playlist_id=make_playlist(store, "root")):
        if method == "GET" and endpoint not in {*PUBLIC, "audio.stream", *_BINARY}:
            assert admin.get(path).status_code == 200, path


def test_every_answer_carries_the_security_headers(app: Flask, listener: Browser) -> None:
    for path in ("/", "/log-in", "/no/such/page", "/health", "/static/0/earwise.css", "/clusters"):
        headers = listener.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Permitted-Cross-Domain-Policies"] == "none"
        assert headers["Permissions-Policy"]
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in listener.get("/log-in", base_url="https://localhost").headers


def test_pages_hold_no_inline_script_or_style_and_nothing_of_other_sites(app: Flask, admin: Browser) -> None:
    for endpoint, method, path in walk(app):
        if (
            method != "GET"
            or path.startswith("/api/")
            or endpoint in {"static", "health.health", "audio.stream", "auth.log_out", *_BINARY}
        ):
            continue
        page = admin.get(path, follow_redirects=True).text
        assert " style=" not in page, path
        assert "<style" not in page, path
        assert " onclick=" not in page, path
        assert re.findall(r'<script(?! (?:defer|type="module") src="/static/)', page) == [], path
        assert 'src="http' not in page, path


def test_pages_are_kept_by_no_cache(listener: Browser) -> None:
    assert listener.get("/").headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_good_under_the_address_of_their_content(nobody: Browser) -> None:
    page = nobody.get("/log-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in nobody.get(address).headers["Cache-Control"]
    assert nobody.get("/static/other/earwise.css").headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in nobody.get(address).headers


def test_health_needs_no_session(nobody: Browser) -> None:
    assert nobody.get("/health").json["status"] == "ok"


def test_links_to_another_program_of_this_host_are_left_to_the_browser(store: Store, admin: Browser) -> None:
    for path in ("/admin", "/admin/models/model-1"):
        links = [tag.split(">")[0] for tag in admin.get(path).text.split("<a ")[1:]]
        assert [link for link in links if 'href="http' in link and 'hx-boost="false"' not in link] == []


def test_part_of_a_page_asked_for_without_a_session_leads_the_whole_page_to_log_in(nobody: Browser) -> None:
    answer = nobody.get("/clusters?page=2", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/log-in?next=/clusters?page%3D2"
