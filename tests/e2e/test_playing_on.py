"""What listeners do while a track plays neither ends it nor counts for more than it is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from earwise.store import Store
from tests.e2e.browsing import (
    expect_current,
    play,
    played_s,
    queued,
    sign_up,
    start_watching,
    wait_for_playing,
    wait_until,
)

pytestmark = pytest.mark.browser


def is_paused(page: Page) -> bool:
    return bool(page.evaluate("window.__audio.paused"))


def test_suggestion_that_is_chosen_leads_on_while_the_music_plays(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    for presses in (("ArrowDown", "Enter"), ()):
        search = listener.get_by_role("combobox", name="Search title, artist, album or genre")
        search.press_sequentially("caribb")
        suggestion = listener.get_by_role("option", name="Caribbean Savino")
        expect(suggestion).to_be_visible()
        for key in presses:
            search.press(key)
        if not presses:
            suggestion.click()
        expect(listener.get_by_role("heading", level=1)).to_have_text("Caribbean")
        assert not is_paused(listener)
        listener.get_by_role("link", name="Library", exact=True).click()
        expect(listener.get_by_role("heading", name="All tracks")).to_be_visible()
    expect_current(listener, "Ivory")


def test_page_that_does_not_come_is_said_to_be_out_of_reach_while_the_music_plays(
    chromium: Browser, address: str
) -> None:
    # A page of its own: the browser logs what was refused.
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        page.route("**/favourites", lambda route: route.abort("connectionrefused"))
        before = page.url
        page.get_by_role("link", name="Favourites", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("The library can't be reached. Try again in a moment.")
        expect(page.locator("#page")).to_have_attribute("aria-busy", "false")
        assert (page.url, is_paused(page)) == (before, False)
        page.unroute("**/favourites")
        page.get_by_role("link", name="Favourites", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Favourites")
        assert not is_paused(page)


def test_moving_through_a_track_by_small_steps_is_not_listening(listener: Page, database: tuple[Store, str]) -> None:
    store, name = database
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("region", name="Player").get_by_role("button", name="Pause", exact=True).click()
    played = played_s(listener)
    listener.evaluate("window.__audio.play()")
    position = listener.get_by_role("slider", name="Position")
    position.evaluate("""slider => {
        for (let second = 1; second <= 10; second += 1) {
            slider.value = String(second);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
    }""")
    with listener.expect_response("**/heard"):
        listener.get_by_role("button", name="Next track").click()
    owner = store.listeners.get_by_name(listener.locator(".account-name bdi").inner_text()).listener_id
    (event,) = store.client[name]["events"].find({"listener_id": owner})
    assert not event["is_play"]
    assert event["heard_s"] < played + 2


def test_taking_out_the_last_track_as_it_plays_does_not_begin_the_one_before_anew(listener: Page) -> None:
    play(listener, "Ivory")
    panel = listener.get_by_role("dialog", name="Queue")
    listener.get_by_role("button", name="Queue", exact=True).click()
    names = panel.locator(".queue-title").all_inner_texts()
    for name in names[names.index("Ivory") + 1 :]:
        panel.get_by_role("button", name=re.compile(f"^Remove {re.escape(name)}")).click()
    wait_for_playing(listener)
    panel.get_by_role("button", name=re.compile("^Remove Ivory")).click()
    wait_until(listener, lambda: is_paused(listener))
    expect_current(listener, names[names.index("Ivory") - 1])
    listener.wait_for_timeout(300)
    assert is_paused(listener)


def test_last_track_taken_out_of_a_queue_that_is_repeated_is_followed_by_the_first(listener: Page) -> None:
    play(listener, "Ivory")
    panel = listener.get_by_role("dialog", name="Queue")
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel.get_by_role("button", name="Repeat: off").click()
    names = panel.locator(".queue-title").all_inner_texts()
    for name in names[names.index("Ivory") + 1 :]:
        panel.get_by_role("button", name=re.compile(f"^Remove {re.escape(name)}")).click()
    wait_for_playing(listener)
    panel.get_by_role("button", name=re.compile("^Remove Ivory")).click()
    expect_current(listener, names[0])
    wait_for_playing(listener)
    assert len(queued(listener)) == names.index("Ivory")


def test_heart_that_is_pressed_before_it_was_read_stays_as_it_was_pressed(listener: Page) -> None:
    held: list[Route] = []
    listener.route("**/marks", lambda route: held.append(route))
    play(listener, "Ivory")
    wait_until(listener, lambda: len(held) == 1)
    heart = listener.get_by_role("region", name="Player").get_by_role("button", name="Favourite")
    answer = held[0].fetch()
    with listener.expect_response("**/favourite"):
        heart.click()
    with listener.expect_response("**/marks"):
        held[0].fulfill(response=answer)
    listener.wait_for_timeout(200)
    expect(heart).to_have_attribute("aria-pressed", "true")


def test_heart_follows_what_is_taken_out_of_the_favourites_and_back(listener: Page, address: str) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    heart = listener.get_by_role("region", name="Player").get_by_role("button", name="Favourite")
    with listener.expect_response("**/favourite"):
        heart.click()
    listener.get_by_role("link", name="Favourites", exact=True).click()
    listener.get_by_role("button", name="Take Ivory by Savino out of the favourites").click()
    expect(heart).to_have_attribute("aria-pressed", "false")
    listener.get_by_role("main").get_by_role("button", name="Undo").click()
    expect(heart).to_have_attribute("aria-pressed", "true")


def test_heart_that_was_not_kept_leaves_that_of_the_next_track_alone(chromium: Browser, address: str) -> None:
    # A page of its own: the browser logs what was refused.
    with chromium.new_context() as context:
        page, held = context.new_page(), list[Route]()
        sign_up(page, address)
        play(page, "Caribbean")
        heart = page.get_by_role("region", name="Player").get_by_role("button", name="Favourite")
        page.route("**/favourite", lambda route: held.append(route))
        heart.click()
        wait_until(page, lambda: len(held) == 1)
        with page.expect_response("**/marks"):
            page.get_by_role("button", name="Next track").click()
        expect(heart).to_have_attribute("aria-pressed", "false")
        held[0].fulfill(status=401)
        expect(page.get_by_role("alert")).to_contain_text("That was not kept: log in again.")
        expect(heart).to_have_attribute("aria-pressed", "false")
