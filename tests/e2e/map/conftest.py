"""A browser that draws the map, and a small library on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from earwise.store import Store
from tests.e2e.browsing import sign_up, start_watching
from tests.e2e.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.mapping import fill, open_map
from tests.web.seeding import NOW

_DRAWING = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


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
