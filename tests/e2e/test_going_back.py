"""Going back and forth in the browser's history while music plays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import play, played_s, wait_for_playing, wait_until
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


def make_a_token(page: Page) -> None:
    page.get_by_label("What it is for").fill("phone")
    page.locator("#token-password").fill("correct horse battery")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("This is your new token.")).to_be_visible()


def expect_playing_on(page: Page) -> None:
    """Expect that the very same player still plays."""
    before = played_s(page)
    wait_until(page, lambda: played_s(page) > before + 0.3)


def test_form_that_was_answered_in_place_is_gone_back_to_while_a_track_plays_on(listener: Page, address: str) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.locator(".account-name").click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Your account")
    make_a_token(listener)
    assert listener.url == f"{address}/account"
    listener.get_by_role("link", name="Playlists", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Playlists")
    listener.go_back()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Your account")
    expect_playing_on(listener)
    listener.reload()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Your account")


def test_page_that_says_what_is_wrong_is_gone_back_to_while_a_track_plays_on(
    listener: Page, database: tuple[Store, str]
) -> None:
    store, _ = database
    leaving = seed_track(store, Tags("Leaving for good", "Mogwai"), path=b"for good.mp3")
    refresh_directory(store)
    listener.reload()
    play(listener, "Ivory")
    wait_for_playing(listener)
    store.tracks.remove_file(leaving, LibraryPath("music", b"for good.mp3"), NOW)
    listener.get_by_role("main").get_by_role("link", name="Leaving for good", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(listener.locator("main")).to_be_focused()
    listener.get_by_role("link", name="Go to the library").click()
    expect(listener.get_by_role("heading", name="All tracks")).to_be_visible()
    listener.go_back()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(listener).to_have_title("Nothing here · Earwise")
    expect(listener.locator("main")).to_be_focused()
    expect_playing_on(listener)
    listener.go_forward()
    expect(listener.get_by_role("heading", name="All tracks")).to_be_visible()
    expect_playing_on(listener)
