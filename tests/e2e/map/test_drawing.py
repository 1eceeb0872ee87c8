"""The map is drawn, in libraries of any size, clicked, and left out where it can't be drawn."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from earwise.store import Store
from tests.e2e.browsing import assert_fits, sign_up, wait_for_playing, wait_until
from tests.e2e.mapping import drawn_pixels, fill, move_about, open_map, watch_frames
from tests.e2e.test_accessibility import violations
from tests.web.seeding import NOW

pytestmark = pytest.mark.browser
log = logging.getLogger(__name__)

_MOST_SCRIPT_MS = 8.0
_MOST_FRAME_MS = 150.0  # drawn in software, beside everything else that two cores do


def press_a_track(page: Page, pixels: Sequence[tuple[int, int]], side: slice) -> str:
    """Press a drawn pixel in a part of the board; the title that the map then shows."""
    width = page.locator("[data-map-board]").bounding_box()["width"]
    inside = [(x, y) for x, y in pixels if side.start <= x / width < side.stop]
    x, y = inside[len(inside) // 2]
    card = page.locator("[data-map-card] .title")
    before = card.inner_text() if card.is_visible() else ""
    page.locator("[data-map-board]").click(position={"x": x, "y": y})
    expect(card).to_be_visible()
    expect(card).not_to_have_text(before)
    return card.inner_text()


@pytest.fixture(scope="module", params=[2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def many(request: pytest.FixtureRequest, database: tuple[Store, str]) -> int:
    """How many tracks a library has that is filled for this."""
    fill(*database, request.param)
    return int(request.param)


def test_every_track_is_drawn_and_the_one_that_is_clicked_plays(
    listener: Page, address: str, database: tuple[Store, str], many: int, tmp_path: Path
) -> None:
    database[0].models.activate(f"map-{many}", NOW)
    open_map(listener, address, many)
    pixels = drawn_pixels(listener, tmp_path)
    assert len(pixels) > 5_000
    for side, parity in ((slice(0.1, 0.35), 0), (slice(0.65, 0.85), 1)):
        title = press_a_track(listener, pixels, side)
        assert int(title.removeprefix("Track ")) % 2 == parity
        expect(listener.get_by_role("region", name="Player").get_by_role("link", name=title)).to_be_visible()
        wait_for_playing(listener)
        listener.get_by_role("region", name="Player").get_by_role("button", name="Pause", exact=True).click()
    listener.locator("[data-map-card]").get_by_role("link", name="What sounds like it").click()
    expect(listener.get_by_role("heading", level=1)).to_have_text(title)
    listener.go_back()
    expect(listener.locator(f'[data-map][data-drawn="{many}"]')).to_be_attached(timeout=60_000)


def test_zoom_and_pan_stay_smooth_and_a_map_that_rests_has_all_its_points(
    listener: Page, address: str, database: tuple[Store, str], many: int, tmp_path: Path
) -> None:
    database[0].models.activate(f"map-{many}", NOW)
    watch_frames(listener)
    open_map(listener, address, many)
    at_first = len(drawn_pixels(listener, tmp_path))
    took = move_about(listener, steps=60)
    for name, values in took.items():
        log.info("%d tracks, %s: median %.1f ms, 95 %% %.1f ms", many, name, *np.percentile(values, [50, 95]))
    assert len(took["script"]) >= 60
    assert np.percentile(took["script"], 50) < _MOST_SCRIPT_MS
    assert np.percentile(took["frame"], 50) < _MOST_FRAME_MS
    listener.get_by_role("button", name="Whole map").click()
    wait_until(listener, lambda: len(drawn_pixels(listener, tmp_path)) >= at_first)


def test_map_says_that_it_is_being_drawn_until_it_is(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    held: list[Route] = []
    listener.route("**/points", lambda route: held.append(route))
    listener.goto(f"{address}/map")
    message = listener.locator("[data-map-message]")
    expect(message).to_have_text("The map is being drawn …")
    wait_until(listener, lambda: len(held) == 1)
    held[0].continue_()
    expect(listener.locator('[data-map][data-drawn="300"]')).to_be_attached(timeout=60_000)
    expect(message).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_the_drawn_map_breaks_no_rule_that_axe_knows_and_no_window(
    chromium: Browser, address: str, database: tuple[Store, str], small: list[str], width: int, scheme: str
) -> None:
    database[0].models.activate("map-300", NOW)
    with chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        sign_up(page, address)
        open_map(page, address, 300)
        page.get_by_role("application").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-map-tip]")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("[data-map-card] .title")).to_be_visible()
        assert violations(page) == []
        assert_fits(page)


def test_the_list_works_without_javascript(
    plain: BrowserContext, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    page = plain.new_page()
    sign_up(page, address)
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_text("The list below holds the same tracks.")).to_be_visible()
    page.get_by_role("navigation", name="Clusters").get_by_role("link", name="Right drums").click()
    expect(page.get_by_role("heading", level=3)).to_have_text("Right drums")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("listitem").filter(has_text="Track 51")).to_be_visible()


def test_a_browser_without_webgl_is_told_so(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    listener.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
    listener.goto(f"{address}/map")
    expect(listener.get_by_text("WebGL 2 is missing, or turned off. The list below")).to_be_visible()
    expect(listener.get_by_role("application")).to_be_hidden()
