"""Everything by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import played_s, start_watching, wait_for_playing, wait_until

pytestmark = pytest.mark.browser


def press_to(page: Page, role: str, name: str, *, key: str = "Tab", most: int = 80) -> None:
    """Press the key until this has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True).first
    for _ in range(most):
        page.keyboard.press(key)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the focus never came to {role} {name}")


def test_a_listener_does_everything_by_keyboard(page: Page, address: str, tracks: dict[str, str]) -> None:
    start_watching(page)
    page.goto(f"{address}/sign-up")
    press_to(page, "textbox", "User name")
    page.keyboard.type(f"keys-{tracks['Ivory'][:4]}-{page.evaluate('Date.now()')}")
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All tracks")).to_be_visible()

    press_to(page, "combobox", "Search title, artist, album or genre")
    page.keyboard.type("ivory")
    expect(page.get_by_role("option", name="Ivory")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ivory")

    press_to(page, "button", "Play Ivory by Savino")
    page.keyboard.press("Enter")
    wait_for_playing(page)
    press_to(page, "button", "4 stars")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="4 stars, your rating; press to take it back")).to_be_focused()
    press_to(page, "button", "Favourite")
    page.keyboard.press("Space")
    expect(page.get_by_role("main").get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    press_to(page, "button", "Good recommendation")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Good recommendation").first).to_have_attribute("aria-pressed", "true")

    press_to(page, "link", "Add to a playlist", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add to a playlist")
    press_to(page, "textbox", "Name")
    page.keyboard.type("Night")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Night")
    press_to(page, "link", "Ivory")
    press_to(page, "button", "Take Ivory by Savino out")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The track is taken out.")).to_be_visible()
    press_to(page, "button", "Undo")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("list", name="Tracks of the playlist").get_by_role("link", name="Ivory", exact=True)
    ).to_be_visible()

    press_to(page, "slider", "Position")
    page.keyboard.press("ArrowRight")
    press_to(page, "slider", "Volume")
    page.keyboard.press("Home")
    expect(page.get_by_role("slider", name="Volume")).to_have_attribute("aria-valuetext", "0 %")
    press_to(page, "button", "Queue", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Queue")).to_be_visible()
    press_to(page, "button", "Close")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Queue", exact=True)).to_be_focused()
    wait_until(page, lambda: played_s(page) > 1)
