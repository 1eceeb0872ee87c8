"""A listener's own account, and what was listened to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from earwise.store import Store
from earwise.store.playlists import KEPT_DELETED
from tests.web.conftest import PASSWORD, Browser
from tests.web.reading import titles
from tests.web.seeding import seed_model, seed_tracks

NEW = "another good password"


def hear(browser: Browser, track: str, heard_s: str, listening: str = "a" * 32) -> int:
    return browser.submit(f"/tracks/{track}/heard", page="/account", heard_s=heard_s, listening=listening).status_code


def test_history_shows_what_was_played_and_not_what_was_skipped(listener: Browser, store: Store) -> None:
    tracks = seed_tracks(store, 3)
    assert "Nothing played yet" in listener.get("/history").text
    assert hear(listener, tracks[0], "31", "a" * 32) == 204
    assert hear(listener, tracks[1], "5", "b" * 32) == 204
    assert hear(listener, tracks[2], "31", "c" * 32) == 204
    assert titles(listener.get("/history").text) == ["Title 002", "Title 000"]


@pytest.mark.parametrize("heard_s", ["-1", "nan", "inf", "1e300", "", "long", '{"$gt": 0}'])
def test_time_that_nobody_can_have_listened_is_refused(listener: Browser, store: Store, heard_s: str) -> None:
    assert hear(listener, seed_tracks(store, 1)[0], heard_s) == 400


@pytest.mark.parametrize("listening", ["", "short", "Z" * 32, "a" * 100])
def test_listening_is_named_by_hexadecimal_digits(listener: Browser, store: Store, listening: str) -> None:
    assert hear(listener, seed_tracks(store, 1)[0], "31", listening) == 400


def test_export_holds_everything_and_no_secret(listener: Browser, store: Store) -> None:
    tracks = seed_tracks(store, 3)
    seed_model(store, tracks)
    listener.submit(f"/tracks/{tracks[0]}/stars", page="/account", stars="4")
    listener.submit("/playlists", name="Night", track=tracks[1])
    hear(listener, tracks[2], "31")
    owner, now = store.listeners.get_by_name("mira").listener_id, datetime.now(UTC)
    for name, deleted_at in (("can be taken back", now), ("is gone for good", now - KEPT_DELETED)):
        store.playlists.delete(owner, store.playlists.create(owner, name, now, [tracks[2]]), deleted_at)
    answer = listener.get("/account/export")
    assert answer.headers["Content-Disposition"] == "attachment; filename=earwise.json"
    kept = json.loads(answer.text)
    assert kept["account"]["name"] == "mira"
    assert kept["ratings"][0]["stars"] == 4
    playlists = {one["name"]: one["tracks"] for one in kept["playlists"]}
    assert playlists == {"Night": [tracks[1]], "can be taken back": [tracks[2]]}
    assert kept["events"][0]["track_id"] == tracks[2]
    assert {track["title"] for track in kept["tracks"].values()} == {"Title 000", "Title 001", "Title 002"}
    assert "argon2" not in answer.text
    assert "sessions" not in answer.text


def test_deleting_the_account_needs_the_password_and_leaves_nothing(
    listener: Browser, store: Store, app: Flask, database_name: str
) -> None:
    owner = store.listeners.get_by_name("mira").listener_id
    elsewhere = Browser(app.test_client())
    elsewhere.log_in("mira")
    listener.submit("/playlists", name="Night")
    assert "This is not your password." in listener.submit("/account/delete", page="/account", current="wrong").text
    assert listener.get("/playlists").status_code == 200
    assert listener.submit("/account/delete", page="/account", current=PASSWORD).location == "/log-in"
    assert listener.get("/").location == elsewhere.get("/").location == "/log-in"
    database = store.client[database_name]
    assert owner not in str([list(database[name].find()) for name in database.list_collection_names()])
    assert "Wrong user name or password." in listener.log_in("mira").text


def test_page_is_told_to_forget_the_listener_once_the_account_is_deleted_and_not_before(listener: Browser) -> None:
    token, headers = listener.token("/account"), {"HX-Request": "true", "HX-Target": "page"}
    for password, code, told in (("wrong", 400, (None, None)), (PASSWORD, 200, ("sessionOver", "/log-in"))):
        sent = {"csrf_token": token, "current": password}
        answer = listener.client.post("/account/delete", data=sent, headers=headers)
        assert answer.status_code == code
        assert (answer.headers.get("HX-Trigger"), answer.headers.get("HX-Redirect")) == told
        assert ("Clear-Site-Data" in answer.headers) is (code == 200)


def test_changed_password_ends_the_sessions_elsewhere(listener: Browser, app: Flask) -> None:
    elsewhere = Browser(app.test_client())
    elsewhere.log_in("mira")
    answer = listener.submit("/account/password", page="/account", current=PASSWORD, password=NEW, repeat=NEW)
    assert answer.location == "/account"
    assert "Your password is changed." in listener.get("/account").text
    assert elsewhere.get("/").location == "/log-in"
    assert "Wrong user name or password." in elsewhere.log_in("mira").text
    assert elsewhere.log_in("mira", NEW).status_code == 302


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"current": "wrong", "password": NEW, "repeat": NEW}, "This is not your password."),
        ({"current": PASSWORD, "password": "short", "repeat": "short"}, "Use at least 8 characters"),
        ({"current": PASSWORD, "password": NEW, "repeat": "other"}, "The two passwords differ."),
        ({"current": "", "password": NEW, "repeat": NEW}, "Enter the password that you use now."),
    ],
)
def test_password_that_does_not_do_is_said_at_the_field(
    listener: Browser, fields: dict[str, str], message: str
) -> None:
    answer = listener.submit("/account/password", page="/account", **fields)
    assert answer.status_code == 400
    assert message in answer.text
    assert NEW not in answer.text


def test_guessing_at_the_password_in_an_open_session_is_slowed(
    listener: Browser, enter: Callable[..., Browser]
) -> None:
    codes = [listener.submit("/account/delete", page="/account", current="wrong").status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]
