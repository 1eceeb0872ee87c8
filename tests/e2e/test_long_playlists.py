"""Playlists of several pages in a browser: what plays is the playlist, and not the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import queued, sign_up, start_watching, wait_for_playing, wait_until
from tests.e2e.test_player import expect_current
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def airs(database: tuple[Store, str], tracks: dict[str, str]) -> list[str]:
    """Tracks for three pages."""
    store, _ = database
    return [seed_track(store, Tags(f"Air {n:03d}", "Mogwai"), path=b"a.mp3", duration_s=12) for n in range(230)]


@pytest.fixture
def playlist(page: Page, address: str, database: tuple[Store, str], airs: list[str]) -> str:
    """Address of a playlist of all of them, of somebody who is logged in."""
    start_watching(page)
    sign_up(page, address)
    store, _ = database
    owner = store.listeners.get_by_name(page.locator(".account-name bdi").inner_text())
    assert owner
    return f"{address}/playlists/{store.playlists.create(owner.listener_id, 'Night', NOW, airs)}"


def play(page: Page, title: str) -> None:
    page.get_by_role("main").get_by_role("button", name=re.compile(f"^Play {title}")).click()


def test_playing_goes_on_past_the_end_of_the_page(page: Page, playlist: str, airs: list[str]) -> None:
    page.goto(f"{playlist}?page=2")
    play(page, "Air 199")
    wait_for_playing(page)
    wait_until(page, lambda: queued(page) == airs)
    page.get_by_role("slider", name="Position").fill("11")
    expect_current(page, "Air 200")
    wait_for_playing(page)


def test_previous_goes_back_before_the_beginning_of_the_page(page: Page, playlist: str, airs: list[str]) -> None:
    page.goto(f"{playlist}?page=3")
    play(page, "Air 200")
    wait_until(page, lambda: queued(page) == airs)
    page.get_by_role("button", name="Previous track").click()
    expect_current(page, "Air 199")


def test_rest_is_still_fetched_after_the_page_was_loaded_anew(page: Page, playlist: str, airs: list[str]) -> None:
    page.goto(playlist)
    held: list[Route] = []
    page.route("**/tracks?page=*", lambda route: held.append(route))
    play(page, "Air 000")
    wait_until(page, lambda: bool(held))
    assert queued(page) == airs[:100]
    page.unroute_all()
    page.reload()
    wait_until(page, lambda: queued(page) == airs)


def test_shuffling_mixes_the_whole_playlist_and_puts_it_back(page: Page, playlist: str, airs: list[str]) -> None:
    page.goto(f"{playlist}?page=2")
    play(page, "Air 150")
    wait_until(page, lambda: queued(page) == airs)
    shuffle = page.get_by_role("region", name="Player").get_by_role("button", name="Shuffle")
    shuffle.click()
    page.get_by_role("main").get_by_role("button", name=re.compile("^Play Air 120")).click()
    wait_until(page, lambda: sorted(queued(page)) == sorted(airs))
    mixed = queued(page)
    assert mixed[0] == airs[120]
    # From all three pieces of it, wherever they stood.
    for piece in (airs[:100], airs[100:200], airs[200:]):
        assert set(mixed[1:120]) & set(piece)
    shuffle.click()
    wait_until(page, lambda: queued(page) == airs)
    page.get_by_role("button", name="Queue", exact=True).click()
    expect(page.locator(".queue-row").nth(120)).to_have_attribute("aria-current", "true")


def test_button_of_the_playlist_plays_it_from_its_beginning(page: Page, playlist: str, airs: list[str]) -> None:
    page.goto(f"{playlist}?page=3")
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    expect_current(page, "Air 000")
    wait_for_playing(page)
    wait_until(page, lambda: queued(page) == airs)


def test_track_that_moves_to_another_page_leaves_the_focus_in_the_list(page: Page, playlist: str) -> None:
    page.goto(f"{playlist}?page=2")
    up = page.get_by_role("button", name="Move Air 100 by Mogwai up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Air 099", exact=True)).to_be_visible()
    expect(up).to_have_count(0)
    expect(page.get_by_role("list", name="Tracks of the playlist")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#playlist-tracks').contains(document.activeElement)")


def test_message_and_undo_are_in_sight_where_a_track_far_down_was_taken_out(page: Page, playlist: str) -> None:
    page.goto(playlist)
    out = page.get_by_role("button", name="Take Air 090 by Mogwai out")
    out.click()
    expect(out).to_have_count(0)
    expect(page.get_by_text("The track is taken out.", exact=True)).to_be_in_viewport()
    expect(page.locator("[data-announcement]")).to_have_text("Night · Earwise. The track is taken out.")
    assert page.evaluate("window.scrollY") > 1_000
    undo = page.get_by_role("main").get_by_role("button", name="Undo")
    expect(undo).to_be_in_viewport()
    undo.click()
    expect(out).to_be_visible()


def test_page_stays_where_it_is_while_a_track_far_down_is_moved(page: Page, playlist: str) -> None:
    page.goto(playlist)
    up = page.get_by_role("button", name="Move Air 090 by Mogwai up")
    up.focus()
    before = float(page.evaluate("window.scrollY"))
    assert before > 1_000
    page.keyboard.press("Enter")
    expect(page.locator("#playlist-tracks .title").nth(89)).to_have_text("Air 090")
    expect(up).to_be_focused()
    expect(up).to_be_in_viewport()
    assert abs(page.evaluate("window.scrollY") - before) < 100
