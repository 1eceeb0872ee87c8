"""The player when the session, the library or the page goes away: it keeps its place, or leaves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import played_s, sign_up, start_watching, wait_for_playing, wait_until
from tests.e2e.test_accessibility import violations
from tests.e2e.test_player import expect_current, play, queued
from tests.web.seeding import seed_track

pytestmark = pytest.mark.browser


@pytest.fixture
def listener(page: Page, address: str) -> Page:
    start_watching(page)
    sign_up(page, address)
    return page


@pytest.fixture
def visitor(chromium: Browser, address: str, tracks: dict[str, str]) -> Iterator[Page]:
    """A listener's page whose console may name what goes wrong, which `page` forbids."""
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        yield page


def test_player_leads_to_log_in_where_the_session_is_over_and_keeps_its_place(
    visitor: Page, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    store, _ = database
    play(visitor, "Ivory")
    wait_for_playing(visitor)
    name = visitor.locator(".account-name bdi").inner_text()
    store.listeners.end_other_sessions(store.listeners.get_by_name(name).listener_id, "elsewhere")
    visitor.get_by_role("button", name="Next track").click()
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    visitor.get_by_label("User name").fill(name)
    visitor.get_by_label("Password").fill("correct horse battery")
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.get_by_role("heading", name="All tracks")).to_be_visible()
    visitor.get_by_role("button", name="Queue", exact=True).click()
    rows = visitor.locator(".queue-row")
    expect(rows.nth(1 + queued(visitor).index("Ivory"))).to_have_attribute("aria-current", "true")


def test_track_that_has_to_be_waited_for_is_not_passed_over(visitor: Page, tracks: dict[str, str]) -> None:
    refused: list[str] = []

    def answer(route: Route) -> None:
        if len(refused) == 4:
            return route.continue_()
        refused.append(route.request.url)
        detail = {"status": 503, "detail": "Other tracks are being converted."}
        return route.fulfill(status=503, headers={"Retry-After": "1"}, json=detail)

    visitor.route("**/tracks/*/audio", answer)
    play(visitor, "Ivory")
    expect(visitor.get_by_role("alert")).to_contain_text("Ivory by Savino can't be played yet: Other tracks are being")
    wait_for_playing(visitor)
    expect_current(visitor, "Ivory")
    assert {url.split("/")[-2] for url in refused} == {tracks["Ivory"]}


@pytest.mark.parametrize(
    ("title", "told", "shown"),
    [
        ("Windows", "Preparing Windows by Mogwai for this browser", "Preparing for this browser …"),
        ("Ivory", "Loading Ivory by Savino", "Loading …"),
    ],
)
def test_player_says_what_it_waits_for(
    visitor: Page, tracks: dict[str, str], title: str, told: str, shown: str
) -> None:
    held: list[Route] = []
    visitor.route(f"**/tracks/{tracks[title]}/audio", lambda route: held.append(route))
    play(visitor, title)
    player = visitor.get_by_role("region", name="Player")
    button, status = player.get_by_role("button", name="Pause", exact=True), visitor.locator("[data-announcement]")
    expect(status).to_have_text(told)
    expect(button).to_have_attribute("aria-busy", "true")
    expect(player.get_by_text(shown)).to_be_visible()
    assert violations(visitor) == []
    held[0].continue_()
    wait_for_playing(visitor)
    expect(button).to_have_attribute("aria-busy", "false")
    expect(player.get_by_text(shown)).not_to_be_visible()
    expect(player.locator(".now-artist")).to_be_visible()
    expect(status).to_have_text(re.compile(f"^Playing {title} by "))


def test_nothing_is_waited_for_any_more_after_a_pause(visitor: Page, tracks: dict[str, str]) -> None:
    visitor.route(f"**/tracks/{tracks['Windows']}/audio", lambda route: None)
    play(visitor, "Windows")
    player = visitor.get_by_role("region", name="Player")
    expect(player.get_by_text("Preparing for this browser …")).to_be_visible()
    player.get_by_role("button", name="Pause", exact=True).click()
    expect(player.get_by_text("Preparing for this browser …")).not_to_be_visible()
    expect(player.get_by_role("button", name="Play", exact=True)).to_have_attribute("aria-busy", "false")


def test_listener_is_told_why_a_track_can_not_be_converted(
    visitor: Page, address: str, database: tuple[Store, str], library: Path
) -> None:
    (library / "broken.wma").write_text("This is no music.")
    broken = seed_track(database[0], Tags("Broken", "Nobody"), path=b"broken.wma", duration_s=12)
    visitor.goto(f"{address}/tracks/{broken}")
    visitor.get_by_role("main").get_by_role("button", name="Play Broken by Nobody").first.click()
    alert = visitor.get_by_role("alert")
    expect(alert).to_contain_text("Broken by Nobody can't be played: No browser plays this file.")
    reason = alert.inner_text().partition("No browser plays this file.")[2].strip()
    assert len(reason.split()) > 2, reason


def test_track_that_fails_while_it_is_paused_does_not_make_the_player_start(
    visitor: Page, tracks: dict[str, str]
) -> None:
    held: list[Route] = []
    visitor.route(f"**/tracks/{tracks['Ivory']}/audio", lambda route: held.append(route))
    play(visitor, "Ivory")
    wait_until(visitor, lambda: len(held) > 0)
    player = visitor.get_by_role("region", name="Player")
    player.get_by_role("button", name="Pause", exact=True).click()
    held[0].fulfill(status=404, json={"status": 404, "detail": "It is no longer in the library."})
    wait_until(visitor, lambda: visitor.evaluate("window.__audio.getAttribute('src')") is None)
    visitor.wait_for_timeout(500)
    expect_current(visitor, "Ivory")
    expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_track_that_is_waited_for_is_not_played_after_a_pause(visitor: Page, tracks: dict[str, str]) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        detail = {"status": 503, "detail": "Other tracks are being converted."}
        route.fulfill(status=503, headers={"Retry-After": "1"}, json=detail)

    visitor.route("**/tracks/*/audio", refuse)
    # The keys of the operating system, which alone can pause what does not play yet.
    visitor.add_init_script("""
        window.__keys = {};
        navigator.mediaSession.setActionHandler = (action, handler) => (window.__keys[action] = handler);
    """)
    visitor.reload()
    play(visitor, "Ivory")
    expect(visitor.get_by_role("alert")).to_contain_text("can't be played yet")
    visitor.evaluate("window.__keys.pause()")
    before = len(asked)
    visitor.wait_for_timeout(1500)
    assert len(asked) == before


def test_queue_stops_where_it_is_while_the_library_is_away(visitor: Page, tracks: dict[str, str]) -> None:
    asked: set[str] = set()

    def refuse(route: Route) -> None:
        asked.add(route.request.url.split("/")[-2])
        route.abort()

    play(visitor, "Ivory")
    wait_for_playing(visitor)
    visitor.route("**/tracks/*/audio", refuse)
    visitor.get_by_role("button", name="Next track").click()
    expect(visitor.get_by_role("alert")).to_contain_text("can't be played: the library can't be reached.")
    title = visitor.locator("[data-now-title]").inner_text()
    visitor.wait_for_timeout(500)
    assert asked == {tracks[title]}
    visitor.unroute("**/tracks/*/audio")
    visitor.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
    wait_for_playing(visitor)
    expect_current(visitor, title)


def test_queue_stops_where_it_is_while_the_disk_with_the_music_is_away(
    visitor: Page, library: Path, tracks: dict[str, str]
) -> None:
    library.rename(library.with_name("away"))
    try:
        play(visitor, "Ivory")
        expect(visitor.get_by_role("alert")).to_contain_text("Ivory by Savino can't be played: The disk or server")
        visitor.wait_for_timeout(500)
        expect_current(visitor, "Ivory")
    finally:
        library.with_name("away").rename(library)
    visitor.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
    wait_for_playing(visitor)
    expect_current(visitor, "Ivory")


def test_place_is_kept_while_the_library_is_away_and_the_queue_is_changed(
    visitor: Page, tracks: dict[str, str]
) -> None:
    play(visitor, "Ivory")
    wait_for_playing(visitor)
    position = visitor.get_by_role("slider", name="Position")
    position.fill("6")
    wait_until(visitor, lambda: played_s(visitor) > 6.2)
    visitor.reload()
    visitor.route("**/tracks/*/audio", lambda route: route.abort())
    play_button = visitor.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True)
    play_button.click()
    expect(visitor.get_by_role("alert")).to_contain_text("can't be played: the library can't be reached.")
    row = visitor.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Add to the queue").click()
    expect(visitor.get_by_role("alert")).to_contain_text("Far away")
    expect(position).to_have_attribute("aria-valuetext", re.compile("^0:0[67] of"))
    visitor.unroute("**/tracks/*/audio")
    play_button.click()
    wait_until(visitor, lambda: played_s(visitor) > 6)
    expect_current(visitor, "Ivory")


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
