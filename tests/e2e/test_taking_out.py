"""What is taken out of a list leaves the page, the focus and the history where they are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import sign_up
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def airs(database: tuple[Store, str], tracks: dict[str, str]) -> list[str]:
    store, _ = database
    return [seed_track(store, Tags(f"Air {n:03d}", "Mogwai"), path=b"a.mp3", duration_s=12) for n in range(101)]


@pytest.fixture
def owner(page: Page, address: str, database: tuple[Store, str]) -> str:
    """Somebody who is logged in."""
    sign_up(page, address)
    return database[0].listeners.get_by_name(page.locator(".account-name bdi").inner_text()).listener_id


@pytest.fixture
def favourites(page: Page, address: str, database: tuple[Store, str], owner: str, airs: list[str]) -> Page:
    """Forty favourites, Air 000 the first of the list."""
    for number, track_id in enumerate(airs[:40]):
        database[0].ratings.set_favourite(owner, track_id, True, NOW - timedelta(seconds=number))
    page.goto(f"{address}/favourites")
    return page


def heart(page: Page, number: int) -> str:
    return f"Take Air {number:03d} by Mogwai out of the favourites"


def scrolled_to(page: Page) -> float:
    return float(page.evaluate("window.scrollY"))


def test_favourites_far_down_are_taken_out_one_after_the_other_by_keyboard(favourites: Page) -> None:
    favourites.get_by_role("button", name=heart(favourites, 30)).focus()
    before, entries = scrolled_to(favourites), favourites.evaluate("history.length")
    assert before > 500
    for number in range(30, 35):
        favourites.keyboard.press("Enter")
        expect(favourites.get_by_role("button", name=heart(favourites, number))).to_have_count(0)
        following = favourites.get_by_role("button", name=heart(favourites, number + 1))
        expect(following).to_be_focused()
        expect(following).to_be_in_viewport()
    assert abs(scrolled_to(favourites) - before) < 150
    assert favourites.evaluate("history.length") == entries
    assert favourites.url.endswith("/favourites")


def test_last_of_a_list_that_is_taken_out_leaves_the_focus_to_the_one_before_it(favourites: Page) -> None:
    favourites.get_by_role("button", name=heart(favourites, 39)).press("Enter")
    expect(favourites.get_by_role("button", name=heart(favourites, 38))).to_be_focused()


def test_only_one_of_a_list_that_is_taken_out_leaves_the_focus_to_the_page(
    page: Page, address: str, database: tuple[Store, str], owner: str, airs: list[str]
) -> None:
    database[0].ratings.set_favourite(owner, airs[0], True, NOW)
    page.goto(f"{address}/favourites")
    page.get_by_role("button", name=heart(page, 0)).press("Enter")
    expect(page.get_by_role("heading", name="No favourites yet")).to_be_visible()
    expect(page.locator("main")).to_be_focused()


def test_page_stays_where_it_is_while_something_far_down_is_taken_back(favourites: Page) -> None:
    favourites.get_by_role("button", name=heart(favourites, 30)).press("Enter")
    following = favourites.get_by_role("button", name=heart(favourites, 31))
    expect(following).to_be_focused()
    before, entries = scrolled_to(favourites), favourites.evaluate("history.length")
    # What sticks to the top would be scrolled to by a click of Playwright's own.
    box = favourites.get_by_role("main").get_by_role("button", name="Undo").bounding_box()
    favourites.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(favourites.get_by_role("button", name=heart(favourites, 30))).to_have_count(1)
    expect(following).to_be_in_viewport()
    assert abs(scrolled_to(favourites) - before) < 150
    assert favourites.evaluate("history.length") == entries


def test_one_step_back_leads_from_a_playlist_of_which_much_was_taken_out(
    page: Page, address: str, database: tuple[Store, str], owner: str, airs: list[str]
) -> None:
    night = f"{address}/playlists/{database[0].playlists.create(owner, 'Night', NOW, airs)}"
    page.goto(f"{address}/playlists")
    page.get_by_role("link", name=re.compile("^Night")).click()
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_role("button", name="Take Air 100 by Mogwai out").press("Enter")
    # Its page is no more.
    expect(page).to_have_url(night)
    last = page.get_by_role("button", name="Take Air 000 by Mogwai out")
    expect(last).to_be_focused()
    last.press("Enter")
    expect(page.get_by_role("button", name="Take Air 001 by Mogwai out")).to_be_focused()
    page.go_back()
    expect(page.locator(".done")).to_have_count(0)
    expect(page.get_by_role("link", name="Air 001", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Playlists")


def test_page_that_is_asked_for_once_more_is_left_by_one_step_back(page: Page, address: str, owner: str) -> None:
    page.goto(f"{address}/clusters")
    for _ in range(3):
        with page.expect_response("**/favourites"):
            page.get_by_role("link", name="Favourites", exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Favourites")
        expect(page.locator("#page")).to_have_attribute("aria-busy", "false")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Browse by sound")
