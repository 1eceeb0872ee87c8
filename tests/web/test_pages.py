"""What all pages have in common, in every state that a library can be in."""

from __future__ import annotations

import dataclasses
import time
from urllib.parse import quote_plus

import pytest
from flask import Flask
from markupsafe import escape

from earwise.extraction.directory import refresh_directory
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.conftest import free_port
from tests.web.conftest import Browser, broken
from tests.web.seeding import HOSTILE, NOW, seed_model, seed_track, seed_tracks, start_extraction
from webapp import create_app
from webapp.filters import clip


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


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tags_are_shown_harmlessly_on_every_page(store: Store, listener: Browser, text: str) -> None:
    seed = seed_track(store, Tags(text, text + "artist", text, text))
    others = seed_tracks(store, 5)
    refresh_directory(store)
    seed_model(store, [seed, *others], names=(text, "Other"))
    owner = store.listeners.get_by_name("mira").listener_id
    playlist_id = store.playlists.create(owner, text[:100], NOW)
    store.playlists.add(owner, playlist_id, seed, NOW)
    store.ratings.set_favourite(owner, seed, True, NOW)
    store.ratings.set_stars(owner, seed, 5, NOW)
    store.events.record(owner, "one", seed, heard_s=60, duration_s=60, now=NOW)
    shelves = [("artists", shelf_key(text + "artist")), ("albums", shelf_key(text, text + "artist"))]
    shelves.append(("genres", shelf_key(text)))
    for path in (
        *("/favourites", "/rated", "/history", "/playlists", f"/playlists/{playlist_id}", f"/playlists/add/{seed}"),
        "/",
        f"/tracks/{seed}",
        f"/tracks/{others[0]}",
        "/clusters",
        "/clusters/0",
        "/?q=x",
        "/suggestions?q=x",
        f"/?q=x&typed={quote_plus(text)}",
        *(f"/tracks/{seed}/why/{others[0]}", f"/tracks/{others[0]}/why/{seed}", f"/tracks/{seed}/path?to=x"),
        *(
            f"/tracks/{seed}/radio",
            f"/tracks/{others[0]}/radio",
            "/clusters/0/radio",
            f"/playlists/{playlist_id}/radio",
        ),
        *("/map", "/map?cluster=0", f"/map/tracks/{seed}", "/browse", "/browse/albums", "/browse/genres"),
        *(f"/browse/{kind}/{key}" for kind, key in shelves),
        *(f"/browse/{kind}/{key}/radio" for kind, key in shelves[:1]),
    ):
        answer = listener.get(path)
        assert answer.status_code == 200, path
        page = answer.text
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
