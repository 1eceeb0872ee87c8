"""The player when the session, the library or the page goes away: it keeps its place, or leaves nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from earwise.store import Store
from tests.e2e.browsing import played_s, sign_up, start_watching, wait_for_playing, wait_until
from tests.e2e.test_player import expect_current, play, queued

pytestmark = pytest.mark.browser


@pytest.fixture
def listener(page: Page, address: str) -> Page:
    start_watching(page)
    sign_up(page, address)
    return page


def test_player_leads_to_log_in_where_the_session_is_over_and_keeps_its_place(
    chromium: Browser, address: str, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    store, _ = database
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        name = page.locator(".account-name bdi").inner_text()
        store.listeners.end_other_sessions(store.listeners.get_by_name(name).listener_id, "elsewhere")
        page.get_by_role("button", name="Next track").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="All tracks")).to_be_visible()
        page.get_by_role("button", name="Queue", exact=True).click()
        rows = page.locator(".queue-row")
        expect(rows.nth(1 + queued(page).index("Ivory"))).to_have_attribute("aria-current", "true")


def test_track_that_has_to_be_waited_for_is_not_passed_over(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    refused: list[str] = []

    def answer(route: Route) -> None:
        if len(refused) == 4:
            return route.continue_()
        refused.append(route.request.url)
        detail = {"status": 503, "detail": "Other tracks are being converted."}
        return route.fulfill(status=503, headers={"Retry-After": "1"}, json=detail)

    with chromium.new_context() as context:
        page = context.new_page()
        page.route("**/tracks/*/audio", answer)
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        expect(page.get_by_role("alert")).to_contain_text("Ivory by Savino can't be played yet: Other tracks are being")
        wait_for_playing(page)
        expect_current(page, "Ivory")
    assert {url.split("/")[-2] for url in refused} == {tracks["Ivory"]}


def test_track_that_fails_while_it_is_paused_does_not_make_the_player_start(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    held: list[Route] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.route(f"**/tracks/{tracks['Ivory']}/audio", lambda route: held.append(route))
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_until(page, lambda: len(held) > 0)
        player = page.get_by_role("region", name="Player")
        player.get_by_role("button", name="Pause", exact=True).click()
        held[0].fulfill(status=404, json={"status": 404, "detail": "It is no longer in the library."})
        wait_until(page, lambda: page.evaluate("window.__audio.getAttribute('src')") is None)
        page.wait_for_timeout(500)
        expect_current(page, "Ivory")
        expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_track_that_is_waited_for_is_not_played_after_a_pause(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        detail = {"status": 503, "detail": "Other tracks are being converted."}
        route.fulfill(status=503, headers={"Retry-After": "1"}, json=detail)

    with chromium.new_context() as context:
        page = context.new_page()
        page.route("**/tracks/*/audio", refuse)
        # The keys of the operating system, which alone can pause what does not play yet.
        page.add_init_script("""
            window.__keys = {};
            navigator.mediaSession.setActionHandler = (action, handler) => (window.__keys[action] = handler);
        """)
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        expect(page.get_by_role("alert")).to_contain_text("can't be played yet")
        page.evaluate("window.__keys.pause()")
        before = len(asked)
        page.wait_for_timeout(1500)
        assert len(asked) == before


def test_queue_stops_where_it_is_while_the_library_is_away(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    asked: set[str] = set()

    def refuse(route: Route) -> None:
        asked.add(route.request.url.split("/")[-2])
        route.abort()

    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        page.route("**/tracks/*/audio", refuse)
        page.get_by_role("button", name="Next track").click()
        expect(page.get_by_role("alert")).to_contain_text("can't be played: the library can't be reached.")
        title = page.locator("[data-now-title]").inner_text()
        page.wait_for_timeout(500)
        assert asked == {tracks[title]}
        page.unroute("**/tracks/*/audio")
        page.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
        wait_for_playing(page)
        expect_current(page, title)


def test_queue_stops_where_it_is_while_the_disk_with_the_music_is_away(
    chromium: Browser, address: str, library: Path, tracks: dict[str, str]
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        library.rename(library.with_name("away"))
        try:
            play(page, "Ivory")
            expect(page.get_by_role("alert")).to_contain_text("Ivory by Savino can't be played: The disk or server")
            page.wait_for_timeout(500)
            expect_current(page, "Ivory")
        finally:
            library.with_name("away").rename(library)
        page.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
        wait_for_playing(page)
        expect_current(page, "Ivory")


def test_place_is_kept_while_the_library_is_away_and_the_queue_is_changed(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        position = page.get_by_role("slider", name="Position")
        position.fill("6")
        wait_until(page, lambda: played_s(page) > 6.2)
        page.reload()
        page.route("**/tracks/*/audio", lambda route: route.abort())
        play_button = page.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True)
        play_button.click()
        expect(page.get_by_role("alert")).to_contain_text("can't be played: the library can't be reached.")
        row = page.locator(".track", has_text="Far away")
        row.locator("summary").click()
        row.get_by_role("button", name="Add to the queue").click()
        expect(page.get_by_role("alert")).to_contain_text("Far away")
        expect(position).to_have_attribute("aria-valuetext", re.compile("^0:0[67] of"))
        page.unroute("**/tracks/*/audio")
        play_button.click()
        wait_until(page, lambda: played_s(page) > 6)
        expect_current(page, "Ivory")


def test_logging_out_in_another_tab_ends_what_plays_and_leaves_nothing(listener: Page, address: str) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    other = listener.context.new_page()
    other.goto(f"{address}/clusters")
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_role("heading", name="Log in")).to_be_visible()
    expect(listener.get_by_role("heading", name="Log in")).to_be_visible()
    assert other.evaluate("Object.keys(localStorage).filter(key => key.startsWith('earwise')).length") == 0


def test_listening_that_a_reload_breaks_off_goes_on_after_it(listener: Page, database: tuple[Store, str]) -> None:
    store, name = database
    play(listener, "Ivory")
    wait_until(listener, lambda: played_s(listener) > 3.5)
    listener.reload()
    listener.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
    wait_until(listener, lambda: played_s(listener) > 7.5)
    listener.get_by_role("link", name="History", exact=True).click()
    rows = listener.get_by_role("list", name="Tracks that you played, the last first").get_by_role("listitem")
    expect(rows).to_have_count(1)
    owner = store.listeners.get_by_name(listener.locator(".account-name bdi").inner_text()).listener_id
    (kept,) = store.client[name]["events"].find({"listener_id": owner})
    assert kept["is_play"]
