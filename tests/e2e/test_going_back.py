"""Going back and forth in the browser's history while music plays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

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


def let_wait(page: Page, pattern: str, *, is_back: bool) -> list[Route]:
    """Requests for such pages that are kept waiting, so far: those for one that is gone back to, or the others."""
    waiting: list[Route] = []

    def keep(route: Route) -> None:
        if ("hx-history-restore-request" in route.request.headers) == is_back:
            waiting.append(route)
        else:
            route.continue_()

    page.route(pattern, keep)
    return waiting


def expect_to_stay(page: Page, heading: str) -> None:
    page.wait_for_timeout(500)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_of_two_steps_back_the_second_is_shown_whichever_answer_comes_last(listener: Page, address: str) -> None:
    for name in ("Browse", "Playlists", "Favourites"):
        listener.get_by_role("link", name=name, exact=True).first.click()
        expect(listener.get_by_role("heading", level=1)).to_have_text(name)
    waiting = let_wait(listener, "**/playlists", is_back=True)
    listener.evaluate("history.back()")
    wait_until(listener, lambda: len(waiting) == 1)
    listener.evaluate("history.back()")
    expect(listener.get_by_role("heading", level=1)).to_have_text("Browse")
    waiting[0].continue_()
    expect_to_stay(listener, "Browse")
    assert listener.url.startswith(f"{address}/browse")


def test_page_that_is_still_awaited_does_not_come_after_going_back(listener: Page, address: str) -> None:
    for name in ("Browse", "Playlists"):
        listener.get_by_role("link", name=name, exact=True).first.click()
        expect(listener.get_by_role("heading", level=1)).to_have_text(name)
    waiting = let_wait(listener, "**/favourites", is_back=False)
    listener.get_by_role("link", name="Favourites", exact=True).first.click()
    wait_until(listener, lambda: len(waiting) == 1)
    listener.evaluate("history.back()")
    expect(listener.get_by_role("heading", level=1)).to_have_text("Browse")
    waiting[0].continue_()
    expect_to_stay(listener, "Browse")
    assert listener.url.startswith(f"{address}/browse")


def test_form_whose_answer_leads_on_does_not_lead_back_from_the_page_that_was_asked_for_since(
    listener: Page, address: str, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    owner = database[0].listeners.get_by_name(listener.locator(".account-name bdi").inner_text()).listener_id
    playlist_id = database[0].playlists.create(owner, "Night", NOW)
    row = listener.locator(f"[data-row='{tracks['Ivory']}']")
    row.locator("details.menu summary").click()
    row.get_by_role("link", name="Add to a playlist").click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Add to a playlist")
    waiting: list[Route] = []
    listener.route(f"**/playlists/{playlist_id}/*", lambda route: waiting.append(route))
    listener.get_by_role("button", name=re.compile("^Night")).click()
    wait_until(listener, lambda: len(waiting) == 1)
    listener.get_by_role("link", name="Browse", exact=True).first.click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Browse")
    waiting[0].continue_()
    wait_until(listener, lambda: len(database[0].playlists.get(owner, playlist_id).tracks) == 1)
    expect_to_stay(listener, "Browse")
    assert listener.url.startswith(f"{address}/browse")
