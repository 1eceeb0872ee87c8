"""Pages in the states that they come into as they are used, under axe-core in light and dark."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from earwise.notice import LibraryNotice, Source, write_notice
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.downloads import Download, DownloadState
from earwise.store.listeners import Role
from tests.e2e.browsing import assert_fits, log_in_as_new
from tests.e2e.test_accessibility import violations
from tests.web.seeding import NOW, seed_tracks, start_extraction
from webapp import create_app

pytestmark = pytest.mark.browser

State = tuple[str, Callable[[Page], None]]
_WIDTHS = [390, pytest.param(820, marks=pytest.mark.slow), pytest.param(1440, marks=pytest.mark.slow)]


def as_it_is(page: Page) -> None:
    expect(page.locator("h1")).to_be_visible()


def sending(button: str) -> Callable[[Page], None]:
    """Send a form with nothing in it."""

    def prepare(page: Page) -> None:
        for box in page.locator("form", has=page.get_by_role("button", name=button)).get_by_role("textbox").all():
            box.fill("")
        page.get_by_role("button", name=button).click()
        expect(page.locator(".error").first).to_be_visible()

    return prepare


def be_refused(page: Page) -> None:
    page.get_by_label("User name").fill("nobody-of-this-name")
    page.get_by_label("Password").fill("a wrong one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Wrong user name or password.")


def let_the_form_expire(page: Page) -> None:
    page.locator("[name=csrf_token]").evaluate("element => (element.value = '')")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This form is no longer good")


def type_a_search(page: Page) -> None:
    page.get_by_role("combobox").press_sequentially("savi")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")


def correct_a_search(page: Page) -> None:
    expect(page.get_by_text("Nothing here is spelt")).to_be_visible()


def open_the_notice(page: Page) -> None:
    page.locator(".notice summary").click()
    expect(page.get_by_role("columnheader", name="Licence")).to_be_visible()


def add_to_the_queue(page: Page) -> None:
    row = page.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Add to the queue").click()
    expect(page.get_by_role("alert").get_by_role("button", name="Undo")).to_be_visible()


def take_out_of_the_queue(page: Page) -> None:
    add_to_the_queue(page)
    page.get_by_role("button", name="Queue", exact=True).click()
    panel = page.get_by_role("dialog", name="Queue")
    panel.get_by_role("button", name=re.compile("^Remove ")).last.click()
    expect(panel.get_by_role("alert")).to_contain_text("Removed from the queue.")


def take_out_of_the_playlist(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Take ")).first.click()
    expect(page.get_by_role("main").get_by_role("button", name="Undo")).to_be_visible()


def make_a_token(page: Page) -> None:
    page.get_by_label("What it is for").fill("phone")
    page.locator("#token-password").fill("correct horse battery")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("alert").filter(has_text="This is your new token.")).to_be_visible()


def open_revoking(page: Page) -> None:
    page.locator(".token-list summary").first.click()
    expect(page.get_by_role("button", name="Revoke for good")).to_be_visible()


def look(page: Page, address: str, states: Iterable[State]) -> list[str]:
    """What axe-core finds wrong with pages in these states."""
    found = []
    for path, prepare in states:
        page.goto(address + path)
        prepare(page)
        found += [f"{prepare.__name__}: {one}" for one in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{prepare.__name__}, dark: {one}" for one in violations(page, rules=["color-contrast"])]
        page.emulate_media(color_scheme="light")
        assert_fits(page)
    return found


@pytest.mark.parametrize("width", _WIDTHS)
def test_no_state_of_a_page_breaks_a_rule_that_axe_knows(
    chromium: Browser,
    address: str,
    database: tuple[Store, str],
    tracks: dict[str, str],
    library: Path,
    width: int,
) -> None:
    store = database[0]
    licence = "https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode-of-this-licence"
    notice = LibraryNotice("Open music", "Free to hear.", (Source("An archive of music", licence, 6),))
    write_notice(Root("music", library), notice)
    with chromium.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        states = [("/log-in", sending("Log in")), ("/log-in", be_refused), ("/log-in", let_the_form_expire)]
        found = look(page, address, [*states, ("/sign-up", sending("Create account"))])
        owner = store.listeners.get_by_name(log_in_as_new(page, address, store, Role.LISTENER)).listener_id
        night = f"/playlists/{store.playlists.create(owner, 'Night', NOW)}"
        for title in ("Ivory", "Caribbean"):
            store.playlists.add(owner, night.rpartition("/")[2], tracks[title], NOW)
        states = [
            ("/", type_a_search),
            ("/?q=cariban", correct_a_search),
            ("/", open_the_notice),
            ("/", add_to_the_queue),
            ("/", take_out_of_the_queue),
            (f"/tracks/{tracks['Gone']}", as_it_is),
            ("/playlists", sending("Make the playlist")),
            (night, sending("Rename")),
            (night, take_out_of_the_playlist),
            ("/account", sending("Change the password")),
            ("/account", sending("Make a token")),
            ("/account", make_a_token),
            ("/account", open_revoking),
            ("/account", sending("Delete the account and all its data")),
            ("/admin", as_it_is),
        ]
        found += look(page, address, states)
    assert not found, "\n".join(found)


@pytest.fixture
def bare(mongo_uri: str, tmp_path: Path) -> Iterator[tuple[str, Store]]:
    """An app without tracks whose sign-up is closed, and its store."""
    with open_store_at(mongo_uri, f"test_{uuid.uuid4().hex[:12]}") as store:
        store.create_indexes()
        settings = Settings(secret_key="k" * 32, library=(Root("music", tmp_path),), home=tmp_path, signup="closed")
        server = make_server("127.0.0.1", 0, create_app(settings, store), threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", store
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize("width", _WIDTHS)
def test_no_page_of_a_library_that_begins_breaks_a_rule_that_axe_knows(
    chromium: Browser, bare: tuple[str, Store], width: int
) -> None:
    address, store = bare
    with chromium.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        found = look(page, address, [(path, as_it_is) for path in ("/log-in", "/sign-up")])
        name = log_in_as_new(page, address, store, Role.ADMIN)
        owner = store.listeners.get_by_name(name).listener_id
        paths = ["/", "/browse", "/clusters", "/map", "/admin", "/admin/quarantine", "/admin/training"]
        empty = f"/playlists/{store.playlists.create(owner, 'Night', NOW)}"
        found += look(page, address, [(path, as_it_is) for path in (*paths, "/admin/downloads", empty)])
        first, *_ = seed_tracks(store, 3)
        start_extraction(store, done=13)
        store.downloads.put(Download("fma.zip", DownloadState.DOWNLOADING, 3, 7, 1.0, "", datetime.now(UTC)))
        store.downloads.put(Download("small.zip", DownloadState.FAILED, 3, 7, 1.0, "It broke off.", NOW))
        paths = ["/", "/clusters", "/map", f"/tracks/{first}", "/admin", "/admin/downloads"]
        found += look(page, address, [(path, as_it_is) for path in paths])
    assert not found, "\n".join(found)
