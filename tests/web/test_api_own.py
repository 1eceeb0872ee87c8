"""What a listener owns, through the API: playlists, ratings, events; and radio and paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.listeners import Role
from earwise.store.playlists import MOST_PLAYLISTS
from tests.web.conftest import Browser, Program
from tests.web.seeding import NOW, seed_model, seed_tracks
from tests.web.test_access import documents_of, give_opinions, make_playlist, walk
from webapp.api.cursors import write_cursor

_BODIES: dict[str, dict[str, Any]] = {
    "v1-journeys.more": {"played": ["{track}"]},
    "v1-playlists.create": {"name": "Dawn", "tracks": ["{track}"]},
    "v1-playlists.replace": {"name": "Dusk", "tracks": ["{track}"]},
    "v1-opinions.rate": {"stars": 4, "favourite": True},
    "v1-opinions.set_thumb": {"is_up": True},
    "v1-events.record": {"track_id": "{track}", "heard_s": 40},
}


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 21)
    seed_model(store, found)
    refresh_directory(store)
    return found


@pytest.fixture
def playlist(program: Program, tracks: list[str]) -> str:
    """Address of a playlist of the first three tracks."""
    answer = program.send("POST", "/playlists", json={"name": "Night", "tracks": tracks[:3]})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"]).removeprefix("/api/v1")


def ids(answer: TestResponse) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


def writes(app: Flask, **values: object) -> list[tuple[str, str, str]]:
    """Endpoint, method and path of everything in the API that may change something."""
    walked = walk(app, **values)
    return [one for one in walked if one[0].startswith("v1-") and one[1] not in {"GET", "HEAD"}]


def body_of(endpoint: str, track: str) -> dict[str, Any] | None:
    known = _BODIES.get(endpoint)
    return known and {
        name: [track] if value == ["{track}"] else track if value == "{track}" else value
        for name, value in known.items()
    }


# --- who may ---


def test_what_is_a_listeners_own_is_out_of_reach_for_the_programs_of_others(
    app: Flask, store: Store, program: Program, tracks: list[str], enter: Callable[..., Browser]
) -> None:
    playlist_id = make_playlist(store, "mira")
    give_opinions(store, "mira")
    assert all("Night" in program.get(path).text for path in ("/ratings", "/ratings?of=favourites", "/events"))
    assert program.get(f"/ratings/{tracks[0]}").json == {"stars": 5, "favourite": True}
    before = documents_of(store, "mira")
    for name, role in (("jon", Role.LISTENER), ("root", Role.ADMIN)):
        enter(name, role)
        other = Program(app, store.tokens.create(store.listeners.get_by_name(name).listener_id, "program", NOW))
        assert other.get(f"/ratings/{tracks[0]}").json == {"stars": 0, "favourite": False}
        assert b"Night" not in other.get("/ratings?of=favourites").data
        for endpoint, method, path in walk(app, playlist_id=playlist_id):
            if endpoint.startswith("v1-"):
                body = body_of(endpoint, tracks[0])
                answer = other.send(method, path.removeprefix("/api/v1"), json=body)
                assert answer.status_code < 500, path
                assert (answer.status_code == 404) == (playlist_id in path), (path, answer.status_code)
                assert b"Night" not in answer.data, path
    assert documents_of(store, "mira") == before


def test_session_changes_something_only_with_its_csrf_token(
    app: Flask, store: Store, listener: Browser, tracks: list[str]
) -> None:
    before = documents_of(store, "mira")
    page = listener.get("/account").text
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    walked = writes(app, playlist_id=make_playlist(store, "mira"))
    assert len(walked) >= 10
    before = documents_of(store, "mira")
    for endpoint, method, path in walked:
        body = body_of(endpoint, tracks[0])
        answer = listener.client.open(path, method=method, json=body)
        assert (answer.status_code, answer.mimetype) == (403, "application/problem+json"), path
        assert documents_of(store, "mira") == before
    for endpoint, method, path in walked:
        body = body_of(endpoint, tracks[0])
        answer = listener.client.open(path, method=method, json=body, headers={"X-CSRFToken": csrf})
        assert answer.status_code not in {400, 401, 403}, (path, answer.text)


@pytest.mark.parametrize("body", [{"$ne": ""}, {"$gt": ""}, ["$where"], "$ne", 1e999, None, [], 10**30, True])
def test_mongodb_operators_and_other_nonsense_are_refused_everywhere(
    app: Flask, store: Store, program: Program, tracks: list[str], body: object
) -> None:
    playlist_id = make_playlist(store, "mira")
    etag = {"If-Match": program.get(f"/playlists/{playlist_id}").headers["ETag"]}
    before = documents_of(store, "mira")
    for endpoint, method, path in writes(app, playlist_id=playlist_id):
        known = body_of(endpoint, tracks[0])
        if known is None:
            continue
        for wrong in (body, *({**known, name: body} for name in known), {**known, "$set": body}):
            if wrong == known:
                continue
            if isinstance(wrong, dict) and (wrong.get("tracks") == [] or wrong.get("name") == "$ne"):
                continue  # good ones
            answer = program.send(method, path.removeprefix("/api/v1"), etag, json=wrong)
            assert answer.status_code in {400, 422}, (path, wrong, answer.status_code)
    assert documents_of(store, "mira") == before


def test_bodies_that_break_a_reader_are_bad_requests(program: Program, tracks: list[str]) -> None:
    for text, status in (
        ("[" * 100_000, 400),
        ('{"name": ' + "9" * 5_000 + "}", 400),
        ("{", 400),
        ("", 422),
        (b"\xff", 400),
        ('{"name": "\\ud800"}', 422),
        ('{"name": "   "}', 422),
        ('{"name": "a\\u0000"}', 422),
        ("x" * 300_000, 413),
    ):
        answer = program.send("POST", "/playlists", data=text, content_type="application/json")
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), text[:20]


def test_only_json_is_taken(program: Program, tracks: list[str]) -> None:
    text = '{"name": "Night"}'
    for options in ({"data": {"name": "Night"}}, {"data": text, "content_type": "text/plain"}, {"data": text}):
        answer = program.send("POST", "/playlists", **options)
        assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")


# --- playlists ---


def test_playlist_is_read_replaced_and_deleted(program: Program, playlist: str, tracks: list[str]) -> None:
    found = program.get(playlist)
    assert found.json["tracks"] == tracks[:3]
    body = {"name": "Dusk", "tracks": [tracks[4], tracks[0], tracks[4]]}
    changed = program.send("PUT", playlist, {"If-Match": found.headers["ETag"]}, json=body)
    assert changed.json["tracks"] == [tracks[4], tracks[0]]
    assert program.get(playlist).json == changed.json
    assert ids(program.get(f"{playlist}/tracks")) == [tracks[4], tracks[0]]
    assert [one["name"] for one in program.get("/playlists").json["items"]] == ["Dusk"]
    assert program.send("DELETE", playlist).status_code == 204
    assert program.get(playlist).status_code == 404
    assert program.send("DELETE", playlist).status_code == 404


@pytest.mark.parametrize("form", ['"{}-gzip"', '"{}-zstd"', 'W/"{}"', 'W/"{}-br"'])
def test_playlist_is_replaced_by_its_etag_as_a_packing_proxy_has_it(program: Program, playlist: str, form: str) -> None:
    etag = program.get(playlist).headers["ETag"].strip('"')
    for wanted, status in ((form.format("0" * 40), 412), (form.format(etag), 200), (form.format(etag), 412)):
        answer = program.send("PUT", playlist, {"If-Match": wanted}, json={"name": "Dusk", "tracks": []})
        assert answer.status_code == status, wanted
    answer = program.send("PUT", playlist, {"If-Match": f'"{etag}-x"'}, json={"name": "Dusk", "tracks": []})
    assert answer.status_code == 400


def test_playlist_is_not_emptied_by_a_body_that_names_no_tracks(
    program: Program, playlist: str, tracks: list[str]
) -> None:
    etag = {"If-Match": program.get(playlist).headers["ETag"]}
    answer = program.send("PUT", playlist, etag, json={"name": "Dusk"})
    assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, ["tracks"])
    assert program.get(playlist).json["tracks"] == tracks[:3]
    assert program.send("PUT", playlist, etag, json={"name": "Dusk", "tracks": []}).json["tracks"] == []


def test_replacing_what_somebody_changed_meanwhile_is_refused(
    program: Program, store: Store, playlist: str, tracks: list[str]
) -> None:
    etag, body = program.get(playlist).headers["ETag"], {"name": "Dusk", "tracks": []}
    assert program.send("PUT", playlist, json=body).status_code == 428
    assert program.send("PUT", playlist, {"If-Match": "*"}, json=body).status_code == 400
    assert program.send("PUT", f"{playlist}/tracks/{tracks[9]}").status_code == 204
    assert program.send("PUT", playlist, {"If-Match": etag}, json=body).status_code == 412
    assert program.get(playlist).json["tracks"] == [*tracks[:3], tracks[9]]
    owner = store.listeners.get_by_name("mira").listener_id
    seen = store.playlists.get(owner, playlist.rpartition("/")[2])
    assert store.playlists.replace(owner, seen, "One", [], NOW)
    assert store.playlists.replace(owner, seen, "Two", [], NOW) is None


def test_track_is_put_in_once_and_taken_out(program: Program, playlist: str, tracks: list[str]) -> None:
    for _ in range(2):
        assert program.send("PUT", f"{playlist}/tracks/{tracks[5]}").status_code == 204
    assert program.get(playlist).json["tracks"] == [*tracks[:3], tracks[5]]
    assert program.send("DELETE", f"{playlist}/tracks/{tracks[0]}").status_code == 204
    assert program.send("DELETE", f"{playlist}/tracks/{tracks[0]}").status_code == 404
    assert program.send("PUT", f"{playlist}/tracks/{'0' * 32}").status_code == 404
    assert program.send("POST", "/playlists", json={"name": "x", "tracks": ["0" * 32]}).status_code == 404


def test_there_is_no_room_for_more_playlists(program: Program, store: Store, database_name: str) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    documents = [{"_id": f"{n:024x}", "listener_id": owner, "deleted_at": None} for n in range(MOST_PLAYLISTS)]
    store.client[database_name]["playlists"].insert_many(documents)
    answer = program.send("POST", "/playlists", json={"name": "One more"})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")


def test_pages_of_playlists_hold_each_once(program: Program, store: Store) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    for number in range(61):
        store.playlists.create(owner, f"{number:02d}", NOW)
    first = program.get("/playlists")
    second = program.get(f"/playlists?cursor={first.json['next_cursor']}")
    names = [one["name"] for answer in (first, second) for one in answer.json["items"]]
    assert names == [f"{number:02d}" for number in range(61)]


# --- ratings and events ---


def test_track_is_rated_and_the_rating_taken_back(program: Program, tracks: list[str]) -> None:
    path = f"/ratings/{tracks[0]}"
    assert program.send("PUT", path, json={"stars": 4, "favourite": True}).json == {"stars": 4, "favourite": True}
    assert program.get(path).json == {"stars": 4, "favourite": True}
    for of in ("stars", "favourites"):
        (item,) = program.get(f"/ratings?of={of}").json["items"]
        assert (item["track"]["id"], item["stars"]) == (tracks[0], 4)
    assert program.send("DELETE", path).status_code == 204
    assert program.get(path).json == {"stars": 0, "favourite": False}
    assert program.get("/ratings").json == {"items": [], "next_cursor": None}


def test_recommendation_is_judged(program: Program, store: Store, tracks: list[str]) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    path = f"/tracks/{tracks[0]}/similar/{tracks[1]}/thumb"
    assert program.send("PUT", path, json={"is_up": False}).status_code == 204
    assert store.ratings.marks(owner, tracks[0]).thumbs == {tracks[1]: False}
    assert program.send("DELETE", path).status_code == 204
    assert store.ratings.marks(owner, tracks[0]).thumbs == {}


def test_events_tell_plays_from_skips_and_are_paged(program: Program, tracks: list[str]) -> None:
    for number in range(62):
        body = {"track_id": tracks[number % 21], "heard_s": 40 if number else 3.5}
        answer = program.send("PUT", f"/events/{number:016x}", json=body)
        assert answer.json == {"is_play": number > 0}
    again = {"track_id": tracks[1], "heard_s": 10}
    assert program.send("PUT", f"/events/{1:016x}", json=again).json == {"is_play": True}, "it was heard longer before"
    of_another = program.send("PUT", f"/events/{1:016x}", json={"track_id": tracks[2], "heard_s": 40})
    assert (of_another.status_code, of_another.mimetype) == (409, "application/problem+json")
    first = program.get("/events")
    second = program.get(f"/events?cursor={first.json['next_cursor']}")
    assert (len(first.json["items"]), len(second.json["items"])) == (60, 1)
    assert second.json["items"][0]["track"]["id"] == tracks[1]


@pytest.mark.parametrize(
    "moment",
    [
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
        *(f"2026-01-31T02:00:00+00:00~{count}" for count in ("0", "-1", "x", "1001", "1.5", "٣")),
    ],
)
def test_moment_outside_of_the_calendar_or_miscounted_is_no_place_to_go_on(
    program: Program, listener: Browser, moment: str
) -> None:
    for path in ("/events", "/ratings", "/ratings?of=favourites"):
        answer = program.get(f"{path}{'&' if '?' in path else '?'}cursor={write_cursor(moment)}")
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path
    for path in ("/history", "/rated", "/favourites"):
        assert listener.client.get(path, query_string={"after": moment}).status_code == 400, path


# --- radio and paths ---


def test_radio_goes_on_without_repeating_a_track(program: Program, playlist: str, tracks: list[str]) -> None:
    artist_key = program.get(f"/tracks/{tracks[0]}").json["artist_key"]
    for start in (f"/tracks/{tracks[0]}", f"/artists/{artist_key}", "/clusters/1", playlist):
        played = ids(program.get(f"{start}/radio"))
        assert played, start
        played += ids(program.send("POST", "/radio", json={"played": played}))
        assert len(played) == len(set(played))
    for nowhere in ("/artists/" + "0" * 16, "/clusters/99", "/playlists/" + "0" * 24, "/tracks/" + "0" * 32):
        assert program.get(f"{nowhere}/radio").status_code == 404


def test_path_leads_from_one_track_to_another(program: Program, tracks: list[str]) -> None:
    found = ids(program.get(f"/path?from={tracks[0]}&to={tracks[15]}"))
    assert (found[0], found[-1]) == (tracks[0], tracks[15])
    assert ids(program.get(f"/path?from={tracks[0]}&to={tracks[0]}")) == [tracks[0]]
    for first, last in ((tracks[0], "0" * 32), ("0" * 32, "0" * 32)):
        assert program.get(f"/path?from={first}&to={last}").status_code == 404


def test_path_between_far_tracks_costs_no_more(
    program: Program, store: Store, queries: Callable[[], list[str]]
) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks, neighbours=6)
    program.get("/clusters")
    queries()
    found = ids(program.get(f"/path?from={tracks[0]}&to={tracks[16]}"))
    assert (found[0], found[-1]) == (tracks[0], tracks[16])
    assert len(found) > 3
    assert queries() == ["aggregate tokens", "aggregate active", "aggregate active", "find tracks"]


# --- what it costs ---


def test_no_route_asks_the_store_more_than_three_things(
    app: Flask, store: Store, program: Program, tracks: list[str], queries: Callable[[], list[str]]
) -> None:
    artist_key = program.get(f"/tracks/{tracks[0]}").json["artist_key"]
    owner = store.listeners.get_by_name("mira").listener_id
    routes = [one for one in walk(app) if one[0].startswith("v1-") and one[1] != "HEAD"]
    for endpoint, method, _ in routes:
        # Each finds what it is about: the playlist, and in it what is to be taken out, but not what is to be put in.
        held = tracks[1:3] if endpoint == "v1-playlists.add" else tracks[:3]
        playlist_id = store.playlists.create(owner, "Night", NOW, held)
        etag = program.get(f"/playlists/{playlist_id}").headers["ETag"]
        store.ratings.set_stars(owner, tracks[0], 3, NOW)
        (path,) = [
            path
            for one, other, path in walk(app, playlist_id=playlist_id, artist_key=artist_key)
            if (one, other) == (endpoint, method)
        ]
        queries()
        answer = program.send(
            method, path.removeprefix("/api/v1"), {"If-Match": etag}, json=body_of(endpoint, tracks[0])
        )
        asked = queries()
        assert answer.status_code in {200, 201, 204}, (path, answer.text)
        assert asked[0] == "aggregate tokens", path
        assert len(asked) <= 4, (method, path, asked)
