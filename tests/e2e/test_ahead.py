"""The next track is made ready before its turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.audio import make_tone, write_audio
from tests.e2e.browsing import expect_current, play, played_s, sign_up, start_watching, wait_for_playing, wait_until
from tests.web.seeding import seed_track

pytestmark = pytest.mark.browser

_LONG_S = 40.0


@pytest.fixture(scope="module")
def long_track(database: tuple[Store, str], tracks: dict[str, str], library: Path) -> str:
    """A track of forty seconds, which stands before "Caribbean" in the list of all tracks."""
    write_audio(library / "long.ogg", make_tone(_LONG_S, pitch_hz=440.0))
    found = seed_track(database[0], Tags("Along", "Savino", "Ocean"), path=b"long.ogg", duration_s=_LONG_S)
    refresh_directory(database[0])
    return found


@pytest.fixture
def asked(page: Page) -> list[str]:
    """Tracks of which the page has asked for the first byte, so far."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/audio") and request.headers.get("range") == "bytes=0-0":
            found.append(request.url.split("/")[-2])

    page.on("request", note)
    return found


def test_track_that_has_to_be_converted_is_so_before_its_turn(
    page: Page, address: str, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    store, name = database
    start_watching(page)
    sign_up(page, address)
    with page.expect_response(f"**/tracks/{tracks['Windows']}/audio") as answered:
        play(page, "Far away")
        wait_for_playing(page)
    answer = answered.value
    assert (answer.status, answer.headers["content-length"]) == (206, "1")
    assert answer.headers["content-type"] == "audio/flac"
    expect_current(page, "Far away")
    owner = store.listeners.get_by_name(page.locator(".account-name bdi").inner_text()).listener_id
    assert store.client[name]["events"].count_documents({"listener_id": owner, "track_id": tracks["Windows"]}) == 0


def test_next_track_is_asked_for_once_and_not_long_before_its_turn(
    page: Page, address: str, tracks: dict[str, str], long_track: str, asked: list[str]
) -> None:
    start_watching(page)
    sign_up(page, address)
    play(page, "Along")
    wait_for_playing(page)
    page.wait_for_timeout(500)
    assert asked == []
    position = page.get_by_role("slider", name="Position")
    position.fill("22")
    wait_until(page, lambda: bool(asked))
    position.fill("25")
    wait_until(page, lambda: played_s(page) > 26)
    assert asked == [tracks["Caribbean"]]
    # Another one comes next.
    row = page.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Play next").click()
    wait_until(page, lambda: len(asked) == 2)
    assert asked == [tracks["Caribbean"], tracks["Far away"]]


def test_nothing_is_asked_for_while_one_track_is_repeated(
    page: Page, address: str, tracks: dict[str, str], asked: list[str]
) -> None:
    start_watching(page)
    sign_up(page, address)
    play(page, "Far away")
    wait_for_playing(page)
    repeat = page.get_by_role("region", name="Player").locator("[data-do=repeat]")
    repeat.click()
    repeat.click()
    expect(repeat).to_have_accessible_name("Repeat: this track")
    assert asked == [tracks["Windows"]]
    play(page, "Caribbean")
    wait_for_playing(page)
    page.wait_for_timeout(500)
    assert asked == [tracks["Windows"]]


def test_nothing_is_asked_for_by_who_saves_data(chromium: Browser, address: str, tracks: dict[str, str]) -> None:
    with chromium.new_context() as context:
        page, asked = context.new_page(), list[str]()
        page.on("request", lambda request: asked.append(request.headers.get("range", "")))
        page.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        page.wait_for_timeout(500)
        assert "bytes=0-0" not in asked


def test_next_track_that_is_refused_for_the_moment_is_asked_for_once_more(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    with chromium.new_context() as context:
        page, asked = context.new_page(), list[str]()
        # The seven seconds pass at once.
        page.add_init_script(
            "const later = setTimeout; window.setTimeout = (act, ms) => later(act, ms === 7000 ? 50 : ms)"
        )
        start_watching(page)
        sign_up(page, address)

        def refuse(route: Route) -> None:
            asked.append(route.request.headers.get("range", ""))
            route.fulfill(status=503, headers={"Retry-After": "5"})

        page.route(f"**/tracks/{tracks['Windows']}/audio", refuse)
        play(page, "Far away")
        wait_for_playing(page)
        wait_until(page, lambda: len(asked) == 2)
        page.wait_for_timeout(300)
        assert asked == ["bytes=0-0"] * 2


def test_next_track_that_does_not_come_leaves_what_plays_alone(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    # A page of its own: the browser logs what was refused.
    with chromium.new_context() as context:
        page = context.new_page()
        start_watching(page)
        sign_up(page, address)
        page.route(f"**/tracks/{tracks['Windows']}/audio", lambda route: route.abort())
        with page.expect_request(f"**/tracks/{tracks['Windows']}/audio"):
            play(page, "Far away")
            wait_for_playing(page)
        before = played_s(page)
        wait_until(page, lambda: played_s(page) > before + 0.5)
        expect(page.get_by_role("alert")).to_be_hidden()
