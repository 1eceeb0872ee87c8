"""Parts of a page that are asked for by themselves: where one can't be given, the page says why, not the part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from tests.web.conftest import PASSWORD, Browser, broken
from tests.web.seeding import NOW, seed_model, seed_tracks


@dataclass(frozen=True)
class Part:
    """A part of a page, and the request that replaces it; without fields it is a link's."""

    target: str
    path: str
    page: str
    fields: dict[str, str]

    def ask(self, browser: Browser, *, has_token: bool = True) -> TestResponse:
        headers = {"HX-Request": "true", "HX-Target": self.target}
        if not self.fields:
            return browser.client.get(self.path, headers=headers)
        token = {"csrf_token": browser.token(self.page)} if has_token else {}
        return browser.client.post(self.path, data=self.fields | token, headers=headers, follow_redirects=True)


@pytest.fixture
def tracks(store: Store) -> list[str]:
    found = seed_tracks(store, 12)
    seed_model(store, found, neighbours=3)
    refresh_directory(store)
    return found


@pytest.fixture
def parts(store: Store, listener: Browser, tracks: list[str]) -> dict[str, Part]:
    """Every part of a page that a form or a link replaces, by what it is."""
    owner = store.listeners.get_by_name("mira").listener_id
    playlist = f"/playlists/{store.playlists.create(owner, 'Night', NOW, tracks[:3])}"
    first, near = tracks[:2]
    page, thumb = f"/tracks/{first}", {"thumb": "up", "seed": first, "model": "model-1"}
    return {
        "stars": Part(f"marks-{first}", f"{page}/stars", page, {"stars": "3"}),
        "favourite": Part(f"marks-{first}", f"{page}/favourite", page, {"favourite": "yes"}),
        "thumb": Part(f"thumbs-{near}", f"/tracks/{near}/thumb", page, thumb),
        "move": Part("playlist-tracks", f"{playlist}/move", playlist, {"track": first, "place": "1"}),
        "legend": Part("list", "/map?cluster=1", "/map", {}),
    }


KINDS = pytest.mark.parametrize("kind", ["stars", "favourite", "thumb", "move", "legend"])
FORMS = pytest.mark.parametrize("kind", ["stars", "favourite", "thumb", "move"])


def assert_whole(answer: TestResponse, status: int) -> None:
    assert answer.status_code == status
    assert answer.text.count('<main id="main"') == 1
    assert answer.headers["HX-Retarget"] == "#page"
    assert answer.headers["HX-Reselect"] == "#page > *"
    assert answer.headers["HX-Reswap"].startswith("innerHTML")


@KINDS
def test_every_part_is_on_its_page_and_in_its_answer(listener: Browser, parts: dict[str, Part], kind: str) -> None:
    part = parts[kind]
    assert f'id="{part.target}"' in listener.get(part.page).text
    answer = part.ask(listener)
    assert (answer.status_code, f'id="{part.target}"' in answer.text) == (200, True)
    assert "HX-Retarget" not in answer.headers


def test_every_part_that_templates_name_is_known_here(app: Flask, parts: dict[str, Part]) -> None:
    sources = [file.read_text() for file in Path(app.root_path, "templates").rglob("*.html")]
    named = {name for source in sources for name in re.findall(r'hx-target="#([^"{]+)', source)}
    named |= {name for source in sources for name in re.findall(r'id="([^"{]+)[^>]*hx-target="this"', source)}
    known = {part.target for part in parts.values()} | {"page"}
    assert {name for name in named if not any(one.startswith(name) for one in known)} == set()
    assert len(named) == 5


@FORMS
def test_form_about_a_track_that_is_forgotten_shows_the_page_that_says_so(
    store: Store, listener: Browser, parts: dict[str, Part], tracks: list[str], kind: str
) -> None:
    part = parts[kind]
    token = listener.token(part.page)
    left = tracks[1] if kind == "thumb" else tracks[0]
    store.tracks.remove_file(left, LibraryPath("music", left.encode() + b".mp3"), NOW)
    store.tracks.forget([left])
    headers = {"HX-Request": "true", "HX-Target": part.target}
    answer = listener.client.post(part.path, data=part.fields | {"csrf_token": token}, headers=headers)
    assert_whole(answer, 404)


def test_link_to_a_cluster_that_is_no_more_shows_the_page_that_says_so(
    listener: Browser, parts: dict[str, Part], store: Store, tracks: list[str]
) -> None:
    seed_model(store, tracks, model_id="model-2", names=("Only one",))
    assert_whole(parts["legend"].ask(listener), 404)


@FORMS
def test_form_of_another_session_shows_the_page_that_says_so(
    listener: Browser, parts: dict[str, Part], kind: str
) -> None:
    assert_whole(parts[kind].ask(listener, has_token=False), 400)


@KINDS
def test_part_that_the_store_does_not_give_shows_the_page_that_says_so(
    app: Flask, dead_store: Store, listener: Browser, parts: dict[str, Part], kind: str
) -> None:
    part = parts[kind]
    headers = {"HX-Request": "true", "HX-Target": part.target}
    token = {"csrf_token": listener.token(part.page)}
    with broken(app, "earwise_store", dead_store):
        options = {"method": "POST", "data": part.fields | token} if part.fields else {}
        answer = listener.client.open(part.path, headers=headers, **options)
    assert_whole(answer, 503)


def test_answer_for_the_whole_page_or_for_a_reader_of_pages_names_no_place(listener: Browser) -> None:
    for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Target": "page"}):
        answer = listener.client.get("/no/such/page", headers=headers)
        assert (answer.status_code, "HX-Retarget" in answer.headers) == (404, False)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/account/tokens", {"name": "phone", "current": PASSWORD}, 200),
        ("/account/tokens", {"name": "phone", "current": "wrong"}, 400),
        ("/account/password", {"current": "wrong"}, 400),
        ("/playlists", {"name": ""}, 400),
        (f"/tracks/{'0' * 32}/stars", {"stars": "3"}, 404),
        ("/account", {}, 405),
    ],
)
def test_form_that_is_answered_in_place_leaves_the_address_of_the_page(
    listener: Browser, path: str, fields: dict[str, str], status: int
) -> None:
    sent = fields | {"csrf_token": listener.token("/account")}
    answer = listener.client.post(path, data=sent, headers={"HX-Request": "true", "HX-Target": "page"})
    assert (answer.status_code, answer.headers.get("HX-Push-Url")) == (status, "false")


def test_page_that_a_form_leads_to_has_its_own_address(listener: Browser) -> None:
    sent = {"name": "Night", "csrf_token": listener.token("/playlists")}
    answer = listener.client.post("/playlists", data=sent, headers={"HX-Request": "true"}, follow_redirects=True)
    assert "HX-Push-Url" not in answer.headers
    assert "HX-Push-Url" not in listener.client.post("/playlists", data=sent).headers
