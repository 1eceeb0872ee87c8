"""Everything by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from earwise.store import Store
from tests.e2e.browsing import (
    expect_current,
    played_s,
    press_to,
    queued,
    start_watching,
    wait_for_playing,
    wait_until,
    walk_to,
)
from tests.web.seeding import NOW

pytestmark = pytest.mark.browser


def test_a_listener_signs_up_finds_plays_rates_and_collects_by_keyboard(
    page: Page, address: str, tracks: dict[str, str]
) -> None:
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
    expect(page.get_by_text("The track is taken out.", exact=True)).to_be_visible()
    press_to(page, "button", "Undo")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("list", name="Tracks of the playlist").get_by_role("link", name="Ivory", exact=True)
    ).to_be_visible()

    press_to(page, "button", "Pause", key="Shift+Tab")
    page.keyboard.press("Enter")
    press_to(page, "slider", "Position")
    before = int(page.get_by_role("slider", name="Position").input_value())
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="Position")).to_have_value(str(before + 1))
    wait_until(page, lambda: abs(played_s(page) - before - 1) < 0.5)
    press_to(page, "slider", "Volume")
    page.keyboard.press("Home")
    expect(page.get_by_role("slider", name="Volume")).to_have_attribute("aria-valuetext", "0 %")
    press_to(page, "button", "Queue", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Queue")).to_be_visible()
    press_to(page, "button", "Close")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Queue", exact=True)).to_be_focused()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_tracks_menu_radio_path_and_reasons_are_gone_through_by_keyboard(
    reader: Page, tracks: dict[str, str], width: int
) -> None:
    reader.set_viewport_size({"width": width, "height": 720})
    heading = reader.get_by_role("heading", level=1)
    menu = reader.get_by_label("More for Ivory by Savino")
    for action, said in (("Play next", "plays next."), ("Add to the queue", "is in the queue.")):
        walk_to(reader, menu)
        reader.keyboard.press("Enter")
        press_to(reader, "button", action)
        reader.keyboard.press("Enter")
        expect(reader.get_by_role("alert")).to_contain_text(f"Ivory by Savino {said}")
        expect(menu).to_be_focused()
    assert queued(reader) == [tracks["Ivory"]] * 2
    reader.keyboard.press("Enter")
    press_to(reader, "link", "What sounds like it")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Ivory")

    press_to(reader, "link", "Why Caribbean by Savino")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Why do they sound alike?")
    press_to(reader, "link", "Ivory")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Ivory")
    press_to(reader, "button", "Bad recommendation")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("button", name="Bad recommendation").first).to_have_attribute("aria-pressed", "true")

    press_to(reader, "link", "Radio", key="Shift+Tab")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Radio: Ivory")
    press_to(reader, "link", "Ivory")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Ivory")
    press_to(reader, "link", "Path to another track")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Where shall the path lead?")
    press_to(reader, "searchbox", "Title, artist, album or genre")
    reader.keyboard.type("far away")
    reader.keyboard.press("Enter")
    press_to(reader, "button", "Far away Mogwai")
    reader.keyboard.press("Enter")
    rows = reader.get_by_role("list", name="Tracks of the playlist")
    expect(rows.get_by_role("link", name="Far away", exact=True)).to_be_visible()


def test_a_playlist_is_arranged_renamed_deleted_and_brought_back_by_keyboard(
    reader: Page, database: tuple[Store, str], tracks: dict[str, str], address: str
) -> None:
    store, _ = database
    owner = store.listeners.get_by_name(reader.locator(".account-name bdi").inner_text()).listener_id
    night = store.playlists.create(owner, "Night", NOW, [tracks["Ivory"], tracks["Caribbean"]])
    heading = reader.get_by_role("heading", level=1)
    reader.goto(f"{address}/playlists/{night}")
    press_to(reader, "button", "Move Caribbean by Savino up")
    reader.keyboard.press("Enter")
    expect(reader.locator("#playlist-tracks .title").first).to_have_text("Caribbean")
    press_to(reader, "textbox", "Name")
    reader.keyboard.press("Control+a")
    reader.keyboard.type("Dawn")
    reader.keyboard.press("Enter")
    expect(heading).to_have_text("Dawn")
    for back in ("Undo", "Bring back Dawn 2 tracks"):
        press_to(reader, "button", "Delete the playlist")
        reader.keyboard.press("Enter")
        expect(reader.get_by_text("“Dawn” is deleted.", exact=True)).to_be_visible()
        press_to(reader, "button", back)
        reader.keyboard.press("Enter")
        expect(heading).to_have_text("Dawn")


def test_the_queue_is_arranged_gone_through_and_emptied_by_keyboard(reader: Page, tracks: dict[str, str]) -> None:
    press_to(reader, "button", "Play Caribbean by Savino")
    reader.keyboard.press("Enter")
    wait_for_playing(reader)
    # A track of twelve seconds would end, or begin anew by "Previous", while a busy machine goes through the keys.
    reader.evaluate("Object.assign(window.__audio, { playbackRate: 0.1, defaultPlaybackRate: 0.1 })")
    place = queued(reader).index(tracks["Caribbean"])
    press_to(reader, "button", "Queue", key="Shift+Tab")
    reader.keyboard.press("Enter")
    press_to(reader, "button", "Move Caribbean by Savino down")
    reader.keyboard.press("Enter")
    assert queued(reader).index(tracks["Caribbean"]) == place + 1
    expect(reader.get_by_role("button", name="Move Caribbean by Savino down")).to_be_focused()
    press_to(reader, "button", "Remove Far away by Mogwai from the queue")
    reader.keyboard.press("Enter")
    assert tracks["Far away"] not in queued(reader)
    press_to(reader, "button", "Undo")
    reader.keyboard.press("Enter")
    assert tracks["Far away"] in queued(reader)
    press_to(reader, "button", "Play Ivory Savino")
    reader.keyboard.press("Enter")
    press_to(reader, "button", "Clear the queue")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("dialog", name="Queue")).to_be_hidden()
    assert queued(reader) == []
    press_to(reader, "button", "Undo")
    reader.keyboard.press("Enter")
    expect_current(reader, "Ivory")
    for name in ("Next track", "Previous track", "Shuffle", "Repeat: off"):
        press_to(reader, "button", name)
        reader.keyboard.press("Enter")
    expect_current(reader, "Ivory")
    expect(reader.get_by_role("button", name="Shuffle").first).to_have_attribute("aria-pressed", "true")
    expect(reader.get_by_role("button", name="Repeat: the whole queue").first).to_be_focused()


def test_a_token_is_made_and_revoked_and_the_session_left_and_begun_by_keyboard(reader: Page) -> None:
    name = reader.locator(".account-name bdi").inner_text()
    press_to(reader, "link", f"Your account: {name}")
    reader.keyboard.press("Enter")
    press_to(reader, "textbox", "What it is for")
    reader.keyboard.type("phone")
    reader.keyboard.press("Tab")
    reader.keyboard.type("correct horse battery")
    reader.keyboard.press("Enter")
    expect(reader.get_by_text("This is your new token.")).to_be_visible()
    walk_to(reader, reader.locator(".token-list summary"))
    reader.keyboard.press("Enter")
    press_to(reader, "button", "Revoke for good phone")
    reader.keyboard.press("Enter")
    expect(reader.get_by_text("The access token is revoked.", exact=True)).to_be_visible()
    press_to(reader, "button", "Log out", key="Shift+Tab")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="Log in")).to_be_visible()
    press_to(reader, "textbox", "User name")
    reader.keyboard.type(name)
    reader.keyboard.press("Tab")
    reader.keyboard.type("correct horse battery")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="All tracks")).to_be_visible()
