"""Single keys, which drive the player from wherever the focus is and leave alone what is not theirs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import expect_current, play, played_s, wait_for_playing, wait_until
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


def test_player_is_driven_by_keys(listener: Page) -> None:
    play(listener, "Caribbean")
    wait_for_playing(listener)
    listener.locator("main").focus()
    player = listener.get_by_role("region", name="Player")
    listener.keyboard.press("Space")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
    listener.keyboard.press("k")
    expect(player.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    before = played_s(listener)
    listener.keyboard.press("ArrowRight")
    wait_until(listener, lambda: played_s(listener) > before + 4)
    listener.keyboard.press("ArrowLeft")
    listener.keyboard.press("n")
    expect_current(listener, "Ivory")
    listener.keyboard.press("p")
    expect_current(listener, "Caribbean")
    listener.keyboard.press("m")
    expect(player.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    listener.keyboard.press("s")
    expect(player.get_by_role("button", name="Shuffle")).to_have_attribute("aria-pressed", "true")
    listener.keyboard.press("r")
    expect(player.get_by_role("button", name="Repeat: the whole queue")).to_be_visible()
    listener.keyboard.press("q")
    panel = listener.get_by_role("dialog", name="Queue")
    expect(panel).to_be_visible()
    listener.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    listener.keyboard.press("/")
    expect(listener.get_by_role("combobox")).to_be_focused()
    listener.keyboard.type("n k")
    expect_current(listener, "Caribbean")


def test_slash_leads_into_a_search_box_from_every_page(listener: Page, address: str) -> None:
    listener.goto(f"{address}/clusters")
    listener.keyboard.press("/")
    expect(listener.get_by_role("combobox")).to_be_focused()
    listener.keyboard.type("ivo")
    expect(listener.get_by_role("option", name=re.compile("^Ivory"))).to_be_visible()
    listener.get_by_role("link", name="Playlists", exact=True).click()
    expect(listener.locator("main")).to_be_focused()
    listener.goto(f"{address}/browse")
    listener.keyboard.press("/")
    expect(listener.locator("#of")).to_be_focused()


def test_slash_leads_into_a_search_box_from_a_page_that_says_what_is_wrong_while_a_track_plays_on(
    listener: Page, database: tuple[Store, str]
) -> None:
    store, _ = database
    leaving = seed_track(store, Tags("Leaving here", "Mogwai"), path=b"here.mp3")
    refresh_directory(store)
    listener.reload()
    play(listener, "Ivory")
    wait_for_playing(listener)
    store.tracks.remove_file(leaving, LibraryPath("music", b"here.mp3"), NOW)
    listener.get_by_role("main").get_by_role("link", name="Leaving here", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(listener.locator("main")).to_be_focused()
    listener.keyboard.press("/")
    expect(listener.get_by_role("combobox")).to_be_focused()
    before = played_s(listener)
    wait_until(listener, lambda: played_s(listener) > before + 0.3)


def test_keys_can_be_turned_off(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.locator("main").focus()
    listener.keyboard.press("?")
    listener.get_by_role("checkbox", name="Use these keys").uncheck()
    listener.keyboard.press("Escape")
    listener.locator("main").focus()
    listener.keyboard.press("k")
    listener.wait_for_timeout(300)
    assert not listener.evaluate("window.__audio.paused")


def test_keys_and_volume_are_at_hand_on_a_narrow_screen(listener: Page) -> None:
    listener.set_viewport_size({"width": 390, "height": 800})
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.locator("main").focus()
    listener.keyboard.press("?")
    listener.get_by_role("checkbox", name="Use these keys").uncheck()
    listener.keyboard.press("Escape")
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel = listener.get_by_role("dialog", name="Queue")
    volume = panel.get_by_role("slider", name="Volume")
    listener.set_viewport_size({"width": 1440, "height": 800})
    expect(volume).to_be_hidden()  # the player has one there
    listener.set_viewport_size({"width": 390, "height": 800})
    volume.fill("40")
    assert listener.evaluate("window.__audio.volume") == 0.4
    panel.get_by_role("button", name="Mute").click()
    expect(panel.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    assert listener.evaluate("window.__audio.muted")
    panel.get_by_role("button", name="Keyboard keys").click()
    listener.get_by_role("checkbox", name="Use these keys").check()
    listener.keyboard.press("Escape")
    listener.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    listener.locator("main").focus()
    listener.keyboard.press("m")
    wait_until(listener, lambda: not listener.evaluate("window.__audio.muted"))


def test_left_and_right_move_what_is_wider_than_its_place_and_the_track_elsewhere(listener: Page, address: str) -> None:
    listener.set_viewport_size({"width": 390, "height": 800})
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.goto(f"{address}/api")
    expect_current(listener, "Ivory")  # the player has begun, and shows where it was
    position = listener.get_by_role("slider", name="Position")
    snippet = listener.locator("pre.snippet")
    snippet.focus()
    before = int(position.input_value())
    listener.keyboard.press("ArrowRight")
    wait_until(listener, lambda: snippet.evaluate("element => element.scrollLeft") > 10)
    expect(position).to_have_value(str(before))
    listener.keyboard.press("ArrowLeft")
    wait_until(listener, lambda: snippet.evaluate("element => element.scrollLeft") == 0)
    listener.locator("main").focus()
    listener.keyboard.press("ArrowRight")
    expect(position).to_have_value(str(before + 5))


def test_keys_that_scroll_are_left_to_the_page_while_nothing_is_queued(listener: Page) -> None:
    listener.set_viewport_size({"width": 390, "height": 500})
    listener.locator("main").focus()
    listener.evaluate("addEventListener('keydown', (event) => (window.__isTaken = event.defaultPrevented))")
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown", "Space"):
        listener.keyboard.press(key)
        assert listener.evaluate("window.__isTaken") is False, key
    wait_until(listener, lambda: listener.evaluate("window.scrollY") > 0)
