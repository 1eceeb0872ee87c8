"""The map is moved: by wheel, dragging, fingers, keys and buttons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator

from tests.e2e.browsing import wait_until
from tests.e2e.mapping import View, pinch, view_of

pytestmark = pytest.mark.browser


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
    box, whole = board.bounding_box(), view_of(board, tmp_path)
    width, height = box["width"] / 4, box["height"] / 4
    start = whole.zoomed(1 / 1.6**2, 2 * width, 2 * height)
    for _ in range(2):
        board.page.get_by_role("button", name="Farther").click()
    expect_view(board, start, tmp_path)
    ways = {"left": (width, 0), "right": (-width, 0), "up": (0, height), "down": (0, -height)}
    for (way, moved), back in zip(ways.items(), ("right", "left", "down", "up"), strict=True):
        board.page.get_by_role("button", name=f"Move {way}").click()
        expect_view(board, start.moved(*moved), tmp_path)
        board.page.get_by_role("button", name=f"Move {back}").click()
        expect_view(board, start, tmp_path)
