"""Covers that wait for others to be drawn come without the page being asked for again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.browsing import play, sign_up, wait_until
from tests.pictures import make_picture

pytestmark = pytest.mark.browser

_BUSY = {"status": 503, "content_type": "text/plain", "headers": {"Retry-After": "1"}, "body": "Busy."}


@pytest.fixture(autouse=True)
def cover(library: Path, tracks: dict[str, str]) -> None:
    (library / "cover.jpg").write_bytes(make_picture(300, 300))


@pytest.fixture
def watcher(chromium: Browser, address: str) -> Iterator[Page]:
    """A page of its own: the browser logs what was refused."""
    with chromium.new_context() as context:
        page = context.new_page()
        sign_up(page, address)
        yield page


def width_of(image: Locator) -> int:
    return int(image.evaluate("image => image.complete ? image.naturalWidth : 0"))


def test_covers_that_wait_for_others_come_by_themselves(watcher: Page, address: str, tracks: dict[str, str]) -> None:
    asked: dict[str, int] = {}

    def refuse_twice(route: Route) -> None:
        asked[route.request.url] = asked.get(route.request.url, 0) + 1
        if asked[route.request.url] > 2:
            route.continue_()
        else:
            route.fulfill(**_BUSY)

    watcher.route("**/picture?size=*", refuse_twice)
    watcher.goto(f"{address}/tracks/{tracks['Ivory']}")
    for image in (watcher.locator(".banner-cover"), watcher.locator("main .track img.cover").first):
        image.scroll_into_view_if_needed()
        wait_until(watcher, lambda image=image: width_of(image) in {128, 300, 512})
        assert image.get_attribute("src").partition("?")[0].endswith("/picture")
    wait_until(watcher, lambda: set(asked.values()) == {3})


def test_soundprint_stands_in_where_covers_go_on_to_be_refused(
    watcher: Page, address: str, tracks: dict[str, str]
) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(**_BUSY)

    watcher.route("**/picture?size=512", refuse)
    watcher.goto(f"{address}/tracks/{tracks['Ivory']}")
    image = watcher.locator(".banner-cover")
    expect(image).to_have_attribute("src", f"/tracks/{tracks['Ivory']}/sound-print", timeout=30_000)
    wait_until(watcher, lambda: width_of(image) > 0)
    assert len(refused) == 5
    play(watcher, "Far away")
    watcher.get_by_role("region", name="Player").get_by_role("button", name="Pause", exact=True).click()
    in_bar = watcher.locator("[data-now-picture]")
    expect(in_bar).to_have_attribute("src", re.compile("/sound-print$"), timeout=30_000)
    before = len(refused)
    for _ in range(3):
        watcher.keyboard.press("m")
    watcher.wait_for_timeout(1_000)
    assert len(refused) == before
