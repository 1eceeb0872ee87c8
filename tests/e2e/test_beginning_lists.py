"""A list becomes the queue: while one of its tracks plays, and while the queue is shuffled."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from earwise.store import Store
from tests.e2e.browsing import expect_current, play, played_s, queued, wait_for_playing, wait_until
from tests.web.seeding import NOW

pytestmark = pytest.mark.browser


def press_play(page: Page) -> None:
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()


def pause(page: Page) -> None:
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause", exact=True).click()


def shuffle(page: Page) -> None:
    page.get_by_role("region", name="Player").get_by_role("button", name="Shuffle").click()


def listed(page: Page) -> list[str]:
    """Ids of the tracks of the page's list."""
    return [row.get_attribute("data-row") or "" for row in page.locator("main [data-row]").all()]


def open_radio(page: Page, title: str) -> None:
    page.get_by_role("region", name="Player").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.get_by_role("link", name="Radio", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Radio: {title}")


def add_favourites(page: Page, store: Store, tracks: list[str]) -> None:
    """Let these be the listener's favourites, the last one the newest."""
    owner = store.listeners.get_by_name(page.locator(".account-name bdi").inner_text()).listener_id
    for number, track_id in enumerate(tracks):
        store.ratings.set_favourite(owner, track_id, True, NOW + timedelta(seconds=number))


def expect_played_on(page: Page, from_s: float) -> None:
    """Expect that the track was not begun anew."""
    wait_until(page, lambda: played_s(page) > from_s + 0.3)
    assert played_s(page) < from_s + 8


def test_radio_is_begun_from_the_track_that_plays(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("slider", name="Position").fill("3")
    open_radio(listener, "Ivory")
    before = queued(listener)
    press_play(listener)
    assert queued(listener)[: len(listed(listener))] == listed(listener) != before
    expect_current(listener, "Ivory")
    expect_played_on(listener, 3)
    assert listener.evaluate("""Object.entries(localStorage).filter(([key]) => key.endsWith(":queue"))
        .map(([, kept]) => JSON.parse(kept).radio.address)""") == ["/radio/next"]


def test_radio_from_a_track_that_is_paused_lets_it_go_on(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("slider", name="Position").fill("3")
    wait_until(listener, lambda: played_s(listener) > 3)
    pause(listener)
    open_radio(listener, "Ivory")
    press_play(listener)
    expect_played_on(listener, 3)
    assert not listener.evaluate("window.__audio.paused")


def test_radio_begins_with_its_own_track_though_the_queue_is_shuffled(listener: Page) -> None:
    play(listener, "Ivory")
    shuffle(listener)
    listener.evaluate("Math.random = () => 0.999")
    open_radio(listener, "Ivory")
    press_play(listener)
    expect_current(listener, "Ivory")


def test_list_that_begins_with_the_track_that_plays_does_not_pause_it(
    listener: Page, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    wanted = [tracks[title] for title in ("Ivory", "Windows", "Caribbean")]
    add_favourites(listener, database[0], wanted[::-1])
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("slider", name="Position").fill("3")
    listener.get_by_role("link", name="Favourites", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Favourites")
    press_play(listener)
    assert queued(listener) == wanted
    expect_played_on(listener, 3)
    assert not listener.evaluate("window.__audio.paused")
    listener.get_by_role("button", name="Next track").click()
    expect_current(listener, "Windows")


def test_one_listening_goes_on_where_its_track_begins_another_list(
    listener: Page, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    store, name = database
    add_favourites(listener, store, [tracks["Ivory"]])
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("link", name="Favourites", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Favourites")
    press_play(listener)
    with listener.expect_response("**/heard"):
        wait_until(listener, lambda: played_s(listener) > 6.5)
    owner = store.listeners.get_by_name(listener.locator(".account-name bdi").inner_text()).listener_id
    assert store.client[name]["events"].count_documents({"listener_id": owner}) == 1


def test_track_that_is_pressed_while_shuffled_is_followed_by_all_others(listener: Page, tracks: dict[str, str]) -> None:
    play(listener, "Ivory")
    shuffle(listener)
    everything = listed(listener)
    place = everything.index(tracks["Ágætis byrjun"])
    assert place > 2
    play(listener, "Ágætis byrjun")
    mixed = queued(listener)
    assert (mixed[0], sorted(mixed)) == (everything[place], sorted(everything))
    shuffle(listener)
    assert queued(listener) == everything
    listener.get_by_role("button", name="Queue", exact=True).click()
    rows = listener.get_by_role("dialog", name="Queue").locator(".queue-row")
    expect(rows.nth(place)).to_have_attribute("aria-current", "true")
    expect(rows.nth(place)).to_contain_text("Ágætis byrjun")


def test_list_is_begun_anywhere_while_shuffled(
    listener: Page, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    wanted = [tracks[title] for title in ("Ivory", "Windows", "Caribbean", "Far away")]
    add_favourites(listener, database[0], wanted[::-1])
    play(listener, "Ivory")
    shuffle(listener)
    listener.get_by_role("link", name="Favourites", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Favourites")
    listener.evaluate("Math.random = () => 0.999")
    press_play(listener)
    expect_current(listener, "Far away")
    assert (queued(listener)[0], sorted(queued(listener))) == (tracks["Far away"], sorted(wanted))
    listener.evaluate("Math.random = () => 0")
    press_play(listener)
    expect_current(listener, "Ivory")
    button = listener.get_by_role("main").get_by_role("button", name=re.compile("^Pause Ivory"))
    expect(button).to_be_visible()
