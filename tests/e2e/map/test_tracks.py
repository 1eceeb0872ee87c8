"""Tracks of the map: pointed at, gone to, pressed, followed, and the same as a list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from earwise.store import Store
from tests.e2e.browsing import press_to, queued, wait_for_playing, wait_until, walk_to
from tests.e2e.mapping import drawn_pixels, open_map
from tests.web.seeding import NOW

pytestmark = pytest.mark.browser


def test_pointing_at_a_track_names_it(
    listener: Page, address: str, database: tuple[Store, str], small: list[str], tmp_path: Path
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    pixels = drawn_pixels(listener, tmp_path)
    x, y = pixels[len(pixels) // 2]
    listener.locator("[data-map-board]").hover(position={"x": x, "y": y})
    tip = listener.locator("[data-map-tip]")
    expect(tip).to_have_text(re.compile(r"Track \d+ by Artist \d+(Left|Right) "))
    listener.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_the_map_is_gone_through_by_keyboard(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    board = listener.get_by_role("application", name="Map of 300 tracks")
    walk_to(listener, board)
    said = listener.locator("[data-announcement]")
    listener.keyboard.press("ArrowRight")
    expect(said).to_have_text(re.compile(r"^Track \d+ by Artist \d+, (Left strings|Right drums)$"))
    for _ in range(40):
        listener.keyboard.press("ArrowRight")
    expect(said).to_have_text(re.compile("Right drums$"))
    listener.keyboard.press("Enter")
    wait_for_playing(listener)
    name = listener.locator("[data-map-card] .title").inner_text()
    assert int(name.removeprefix("Track ")) % 2 == 1
    player = listener.get_by_role("region", name="Player")
    expect(player.get_by_role("link", name=name)).to_be_visible()
    listener.keyboard.press("Enter")
    listener.wait_for_timeout(300)
    assert not listener.evaluate("window.__audio.paused")
    player.get_by_role("button", name="Pause", exact=True).click()
    board.press("Enter")
    wait_until(listener, lambda: not listener.evaluate("window.__audio.paused"))


def test_a_track_is_shown_on_the_map_with_its_neighbours_and_followed_as_it_plays(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    listener.goto(f"{address}/tracks/{small[0]}")
    listener.get_by_role("link", name="Show on the map").click()
    expect(listener.locator('[data-map][data-drawn="300"]')).to_be_attached()
    card = listener.locator("[data-map-card] .title")
    expect(card).to_have_text("Track 0")
    listener.locator("[data-map-card]").get_by_role("button", name=re.compile("^Play Track 0")).click()
    wait_for_playing(listener)
    # The queue goes on along neighbours, and the map with it.
    wait_until(listener, lambda: len(queued(listener)) > 1)
    listener.get_by_role("region", name="Player").get_by_role("button", name="Next track").click()
    expect(card).not_to_have_text("Track 0")
    assert not listener.evaluate("window.__audio.paused")


def test_the_legend_is_gone_through_by_keyboard(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    walk_to(listener, listener.get_by_role("button", name="Move left"))
    walk_to(listener, listener.locator("#legend-1"))
    listener.keyboard.press("Enter")
    expect(listener.get_by_role("heading", level=3)).to_have_text("Right drums")
    expect(listener.locator("#legend-1")).to_be_focused()
    press_to(listener, "link", "Next")
    listener.keyboard.press("Enter")
    expect(listener.get_by_text("Page 2 of 6")).to_be_visible()


def test_the_legend_goes_through_the_list_while_the_map_stays(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    listener.locator("[data-map]").evaluate("element => (element.dataset.isSame = 'yes')")
    listener.get_by_role("navigation", name="Clusters").get_by_role("link", name="Right drums").click()
    expect(listener.get_by_role("heading", level=3)).to_have_text("Right drums")
    expect(listener.locator("[data-map][data-is-same]")).to_be_attached()
    expect(listener.locator("#list")).to_have_count(1)
    listener.get_by_role("link", name="Next").click()
    expect(listener.get_by_text("Page 2 of 6")).to_be_visible()


def test_list_of_a_cluster_that_is_still_awaited_changes_nothing_of_the_page_that_was_asked_for_since(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    waiting: list[Route] = []
    listener.route("**/map?cluster=1*", lambda route: waiting.append(route))
    listener.get_by_role("navigation", name="Clusters").get_by_role("link", name="Right drums").click()
    wait_until(listener, lambda: len(waiting) == 1)
    listener.get_by_role("link", name="Browse", exact=True).first.click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Browse")
    with listener.expect_response("**/map?cluster=1*"):
        waiting[0].continue_()
    listener.wait_for_timeout(300)
    assert listener.url == f"{address}/browse"
    expect(listener).to_have_title(re.compile("Artists|Browse"))


def test_going_back_to_the_list_of_a_cluster_shows_it_where_it_was_left(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    listener.get_by_role("navigation", name="Clusters").get_by_role("link", name="Right drums").click()
    expect(listener.get_by_role("heading", level=3)).to_have_text("Right drums")
    row = listener.locator("#rank-20")
    row.evaluate("row => row.scrollIntoView({ block: 'center' })")
    left_at = listener.evaluate("window.scrollY")
    assert left_at > 300
    title = row.locator(".title")
    name = title.inner_text()
    title.click()
    expect(listener.get_by_role("heading", level=1)).to_have_text(name)
    listener.go_back()
    expect(listener.get_by_role("heading", level=3)).to_have_text("Right drums")
    expect(row).to_be_in_viewport()
    assert abs(listener.evaluate("window.scrollY") - left_at) < 50


def test_the_map_stays_where_it_was_moved_while_the_same_track_plays(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    listener.goto(f"{address}/map?track={small[0]}")
    card = listener.locator("[data-map-card]")
    expect(card.locator(".title")).to_have_text("Track 0")
    card.get_by_role("button", name=re.compile("^Play Track 0")).click()
    wait_for_playing(listener)
    listener.evaluate("Object.assign(window.__audio, { playbackRate: 0.1, defaultPlaybackRate: 0.1 })")
    wait_until(listener, lambda: len(queued(listener)) > 1)
    board = listener.get_by_role("application", name="Map of 300 tracks")
    said = listener.locator("[data-announcement]")
    for _ in range(40):
        board.press("ArrowRight")
    expect(said).to_have_text(re.compile("Right drums$"))
    board.press("s")
    expect(listener.get_by_role("region", name="Player").get_by_role("button", name="Shuffle")).to_have_attribute(
        "aria-pressed", "true"
    )
    listener.wait_for_timeout(300)
    before = said.inner_text()
    board.press("ArrowLeft")
    expect(said).not_to_have_text(before)
    expect(said).to_have_text(re.compile("Right drums$"))
