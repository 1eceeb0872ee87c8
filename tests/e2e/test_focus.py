"""The focus stays where somebody works, whatever the queue and its messages do meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsing import expect_current, play, press_to, wait_for_playing

pytestmark = pytest.mark.browser


@pytest.fixture
def panel(reader: Page) -> Locator:
    """The queue, opened while "Caribbean" plays, in a window that it does not fit into."""
    reader.set_viewport_size({"width": 1280, "height": 360})
    play_slowly(reader, "Caribbean")
    reader.get_by_role("button", name="Queue", exact=True).click()
    return reader.get_by_role("dialog", name="Queue")


def row(panel: Locator, title: str) -> Locator:
    return panel.locator(".queue-row", has_text=title)


def button(panel: Locator, title: str, action: str) -> Locator:
    return row(panel, title).locator(f"[data-do={action}]")


def expect_current_row(panel: Locator, title: str) -> None:
    expect(row(panel, title)).to_have_attribute("aria-current", "true")


def play_slowly(page: Page, title: str) -> None:
    """Play a track, which would end while a busy machine goes through the keys."""
    play(page, title)
    wait_for_playing(page)
    page.evaluate("Object.assign(window.__audio, { playbackRate: 0.1, defaultPlaybackRate: 0.1 })")


def test_track_of_the_queue_that_is_played_by_keyboard_keeps_the_focus(reader: Page, panel: Locator) -> None:
    button(panel, "Ivory", "jump").press("Enter")
    expect_current_row(panel, "Ivory")
    expect(button(panel, "Ivory", "jump")).to_be_focused()


def test_focus_and_view_of_the_queue_stay_while_the_next_track_begins(reader: Page, panel: Locator) -> None:
    first = panel.locator(".queue-row").first.locator("[data-do=down]")
    first.focus()
    panel.evaluate("panel => (panel.scrollTop = panel.scrollHeight)")
    before = panel.evaluate("panel => panel.scrollTop")
    assert before > 50
    reader.evaluate("window.__audio.currentTime = 11.9")
    expect_current_row(panel, "Ivory")
    expect(first).to_be_focused()
    assert panel.evaluate("panel => panel.scrollTop") == before


def test_focus_goes_to_what_comes_into_the_place_of_a_track_that_is_taken_out(reader: Page, panel: Locator) -> None:
    button(panel, "Ivory", "remove").press("Enter")
    expect(row(panel, "Ivory")).to_have_count(0)
    name = reader.evaluate("document.activeElement.getAttribute('aria-label')")
    titles = panel.locator(".queue-title").all_inner_texts()
    following = titles[titles.index("Caribbean") + 1]
    assert name.startswith(f"Remove {following}")


def test_focus_stays_in_view_with_a_track_that_is_moved_to_the_end(reader: Page, panel: Locator) -> None:
    titles = panel.locator(".queue-title").all_inner_texts()
    down = panel.locator(".queue-row").first.locator("[data-do=down]")
    down.focus()
    for _ in titles[1:]:
        reader.keyboard.press("Enter")
    last = panel.locator(".queue-row").last
    expect(last.locator(".queue-title")).to_have_text(titles[0])
    expect(last.locator("[data-do=jump]")).to_be_focused()
    expect(last.locator("[data-do=jump]")).to_be_in_viewport()


def test_focus_is_led_back_where_something_is_taken_back_by_keyboard(reader: Page, panel: Locator) -> None:
    button(panel, "Ivory", "remove").press("Enter")
    press_to(reader, "button", "Undo")
    reader.keyboard.press("Shift+Tab")
    came_from = reader.evaluate("document.activeElement.getAttribute('aria-label')")
    reader.keyboard.press("Tab")
    reader.keyboard.press("Enter")
    expect(row(panel, "Ivory")).to_have_count(1)
    assert reader.evaluate("document.activeElement.getAttribute('aria-label')") == came_from


@pytest.mark.parametrize("way", ["Undo", "Close", "Escape"])
def test_focus_is_led_back_where_a_message_is_closed_by_keyboard(reader: Page, way: str) -> None:
    add_to_queue(reader, "Far away")
    press_to(reader, "button", "Close" if way == "Close" else "Undo")
    while reader.evaluate("document.activeElement.closest('[data-toast]') !== null"):
        reader.keyboard.press("Shift+Tab")
    came_from = reader.evaluate("document.activeElement.outerHTML")
    press_to(reader, "button", "Close" if way == "Close" else "Undo")
    reader.keyboard.press("Escape" if way == "Escape" else "Enter")
    expect(reader.get_by_role("alert")).to_be_hidden()
    assert reader.evaluate("document.activeElement.outerHTML") == came_from


def test_focus_goes_to_the_page_where_what_had_it_is_gone(reader: Page) -> None:
    add_to_queue(reader, "Far away")
    reader.evaluate("document.activeElement.blur()")
    reader.get_by_role("alert").get_by_role("button", name="Undo").click()
    expect(reader.get_by_role("alert")).to_be_hidden()
    expect(reader.locator("main")).to_be_focused()


def add_to_queue(page: Page, title: str) -> None:
    """Put a track at the end of a queue that plays."""
    play_slowly(page, "Caribbean")
    listed = page.locator(".track", has_text=title)
    listed.locator("summary").click()
    listed.get_by_role("button", name="Add to the queue").click()
    expect(page.get_by_role("alert")).to_contain_text("is in the queue")


def test_keys_drive_the_player_while_a_slider_has_the_focus(reader: Page) -> None:
    play_slowly(reader, "Caribbean")
    player = reader.get_by_role("region", name="Player")
    for name in ("Position", "Volume"):
        slider = player.get_by_role("slider", name=name)
        slider.click()
        expect(slider).to_be_focused()
        reader.keyboard.press("k")
        expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
        reader.keyboard.press("Space")
        expect(player.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    # What moves it is its own: the volume goes by its steps, and the track by none.
    before = int(player.get_by_role("slider", name="Volume").input_value())
    reader.keyboard.press("ArrowLeft")
    reader.keyboard.press("ArrowDown")
    expect(player.get_by_role("slider", name="Volume")).to_have_value(str(before - 2))
    reader.keyboard.press("n")
    expect_current(reader, "Ivory")
    reader.keyboard.press("/")
    expect(reader.get_by_role("combobox")).to_be_focused()
    reader.keyboard.type("n k")
    expect(reader.get_by_role("combobox")).to_have_value("n k")
    expect_current(reader, "Ivory")
