"""The map in a browser: drawn, moved, clicked, gone through by keyboard, and left out where it can't be drawn."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from earwise.store import Store
from tests.e2e.browsing import assert_fits, queued, sign_up, start_watching, wait_for_playing, wait_until
from tests.e2e.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.mapping import View, drawn_pixels, fill, move_about, open_map, pinch, view_of, watch_frames
from tests.e2e.test_accessibility import violations
from tests.web.seeding import NOW

pytestmark = pytest.mark.browser
log = logging.getLogger(__name__)

_DRAWING = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_MOST_SCRIPT_MS = 8.0
_MOST_FRAME_MS = 150.0  # drawn in software, beside everything else that two cores do


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser that draws WebGL in software."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no Chromium on PATH"
    arguments = [one for one in CHROMIUM_ARGUMENTS if one != "--disable-gpu"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=arguments + _DRAWING)


@pytest.fixture
def listener(page: Page, address: str) -> Page:
    start_watching(page)
    sign_up(page, address)
    return page


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


@pytest.fixture(scope="module")
def small(database: tuple[Store, str]) -> list[str]:
    return fill(*database, 300)


@pytest.fixture
def board(listener: Page, address: str, database: tuple[Store, str], small: list[str]) -> Locator:
    """The small map, as high as its clusters are seen whole at any zoom of these tests."""
    database[0].models.activate("map-300", NOW)
    listener.set_viewport_size({"width": 1280, "height": 1200})
    open_map(listener, address, 300)
    return listener.get_by_role("application", name="Map of 300 tracks")


def expect_view(board: Locator, wanted: View, folder: Path) -> None:
    """Expect the map to be seen so, but for the growth of its points."""
    wait_until(board.page, lambda: view_of(board, folder).is_near(wanted))


def test_wheel_drag_and_pinch_move_the_map_and_0_shows_it_whole(board: Locator, tmp_path: Path) -> None:
    page, whole = board.page, view_of(board, tmp_path)
    box = board.bounding_box()
    x, y = whole.left, box["height"] / 2
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.wheel(0, 300)
    expect_view(board, whole.zoomed(np.exp(-0.45), x, y), tmp_path)
    board.press("0")
    expect_view(board, whole, tmp_path)

    page.mouse.down()
    page.mouse.move(box["x"] + x + 60, box["y"] + y + 40, steps=6)
    page.mouse.up()
    expect_view(board, whole.moved(60, 40), tmp_path)
    board.press("0")
    expect_view(board, whole, tmp_path)

    middle = (box["x"] + box["width"] / 2, box["y"] + y)
    pinch(page, middle, spans=range(100, 161, 10))
    expect_view(board, whole.zoomed(1.6, box["width"] / 2, y), tmp_path)
    board.press("0")
    expect_view(board, whole, tmp_path)
    assert page.locator("[data-map-card]").is_hidden()


def test_keys_and_buttons_move_the_map_and_0_shows_it_whole(board: Locator, tmp_path: Path) -> None:
    whole, box = view_of(board, tmp_path), board.bounding_box()
    middle = (box["width"] / 2, box["height"] / 2)
    keys = {
        "+": whole.zoomed(1.5, *middle),
        "-": whole.zoomed(1 / 1.5, *middle),
        "Shift+ArrowLeft": whole.moved(80, 0),
        "Shift+ArrowRight": whole.moved(-80, 0),
        "Shift+ArrowUp": whole.moved(0, 80),
        "Shift+ArrowDown": whole.moved(0, -80),
    }
    for key, wanted in keys.items():
        board.press(key)
        expect_view(board, wanted, tmp_path)
        board.press("0")
        expect_view(board, whole, tmp_path)
    for name, factor in (("Nearer", 1.6), ("Farther", 1 / 1.6)):
        board.page.get_by_role("button", name=name).click()
        expect_view(board, whole.zoomed(factor, *middle), tmp_path)
        board.page.get_by_role("button", name="Whole map").click()
        expect_view(board, whole, tmp_path)


def test_buttons_move_the_map_a_quarter_of_what_is_seen(board: Locator, tmp_path: Path) -> None:
    box, press = board.bounding_box(), lambda name: board.page.get_by_role("button", name=name).click()
    width, height = box["width"] / 4, box["height"] / 4
    start = view_of(board, tmp_path).zoomed(1 / 1.6**2, 2 * width, 2 * height)
    press("Farther")
    press("Farther")
    expect_view(board, start, tmp_path)
    ways = {"left": (width, 0), "right": (-width, 0), "up": (0, height), "down": (0, -height)}
    for (way, moved), back in zip(ways.items(), ("right", "left", "down", "up"), strict=True):
        press(f"Move {way}")
        expect_view(board, start.moved(*moved), tmp_path)
        press(f"Move {back}")
        expect_view(board, start, tmp_path)


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


def test_pointing_at_a_track_names_it(
    listener: Page, address: str, database: tuple[Store, str], small: list[str], tmp_path: Path
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    pixels = drawn_pixels(listener, tmp_path)
    x, y = pixels[len(pixels) // 2]
    listener.locator("[data-map-board]").hover(position={"x": x, "y": y})
    expect(listener.locator("[data-map-tip]")).to_have_text(re.compile(r"Track \d+ by Artist \d+(Left|Right) "))


def test_the_map_is_gone_through_by_keyboard(
    listener: Page, address: str, database: tuple[Store, str], small: list[str]
) -> None:
    database[0].models.activate("map-300", NOW)
    open_map(listener, address, 300)
    board = listener.get_by_role("application", name="Map of 300 tracks")
    board.focus()
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
    expect(listener.get_by_role("region", name="Player").get_by_role("link", name=name)).to_be_visible()


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
