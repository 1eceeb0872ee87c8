"""The map in a browser: drawn, moved, clicked, gone through by keyboard, and left out where it can't be drawn."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import batched

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from earwise.clustering.drawing import draw_map
from earwise.store import Store
from earwise.store.model_parts import Assignment, Cluster, Neighbour
from earwise.store.tracks import Tags
from tests.e2e.browsing import queued, sign_up, start_watching, wait_for_playing, wait_until
from tests.e2e.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.test_accessibility import violations
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser

_DRAWING = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_NAMES = ("Left strings", "Right drums")
_NEAR = 5


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser that draws WebGL in software."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no Chromium on PATH"
    arguments = [one for one in CHROMIUM_ARGUMENTS if one != "--disable-gpu"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=arguments + _DRAWING)


def fill(store: Store, name: str, count: int) -> list[str]:
    """A library of so many tracks that share one file; those of one cluster lie left, of the other right."""
    first = seed_track(store, Tags("Track 0", "Artist 0"), path=b"a.mp3", duration_s=12)
    tracks = store.client[name]["tracks"]
    # Nobody searches for them: their words would be most of the writing.
    pattern = {**(tracks.find_one({"_id": first}) or {}), "terms": []}
    ids = [f"{count:08x}{number:024x}" for number in range(count)]
    for batch in batched(enumerate(ids), 2_000):
        tracks.insert_many(
            [{**pattern, "_id": one, "title": f"Track {n}", "artist": f"Artist {n % 50}"} for n, one in batch],
            ordered=False,
        )
    random = np.random.default_rng(1)
    sides = np.arange(count) % 2
    places = random.normal(0, 1, (count, 2)) + np.stack([sides * 12, np.zeros(count)], axis=1)
    model_id = f"map-{count}"
    store.model_parts.put_clusters(model_id, [Cluster(n, one, (count + 1 - n) // 2) for n, one in enumerate(_NAMES)])
    found = zip(ids, sides.tolist(), places.tolist(), strict=True)
    store.model_parts.put_assignments(
        model_id, [Assignment(one, side, n / count, (x, y)) for n, (one, side, (x, y)) in enumerate(found)]
    )
    near = [Neighbour(ids[(n + 2) % count], n / 10, 0, f"Track {n + 2}") for n in range(_NEAR)]
    store.model_parts.put_neighbours(model_id, ((one, near) for one in ids[:_NEAR]))
    draw_map(store, model_id)
    store.models.activate(model_id, NOW)
    return ids


@pytest.fixture
def listener(page: Page, address: str) -> Page:
    start_watching(page)
    sign_up(page, address)
    return page


def open_map(page: Page, address: str, count: int) -> None:
    page.goto(f"{address}/map")
    expect(page.locator(f'[data-map][data-drawn="{count}"]')).to_be_attached(timeout=60_000)


def drawn_pixels(page: Page, tmp_path: object) -> list[tuple[int, int]]:
    """Pixels of the board in the colour of a cluster, as they are seen: its names and rings are grey."""
    shot = f"{tmp_path}/board.png"
    page.locator("[data-map-board]").screenshot(path=shot)
    with av.open(shot) as picture:
        seen = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    rows, columns = np.nonzero(seen.max(axis=2) - seen.min(axis=2) > 70)
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


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


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_every_track_is_drawn_and_the_one_that_is_clicked_plays(
    listener: Page, address: str, database: tuple[Store, str], count: int, tmp_path: object
) -> None:
    fill(*database, count)
    open_map(listener, address, count)
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
    expect(listener.locator(f'[data-map][data-drawn="{count}"]')).to_be_attached(timeout=60_000)


@pytest.fixture(scope="module")
def small(database: tuple[Store, str]) -> list[str]:
    return fill(*database, 300)


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
    listener: Page, address: str, database: tuple[Store, str], small: list[str], tmp_path: object
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
    listener.keyboard.press("+")
    listener.keyboard.press("Shift+ArrowLeft")
    listener.keyboard.press("0")
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
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


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
