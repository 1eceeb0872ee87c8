"""Radio in a browser: its queue goes on while it plays."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import queued, sign_up, start_watching, wait_for_playing, wait_until
from tests.web.seeding import seed_model, seed_track

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stations(database: tuple[Store, str], tracks: dict[str, str]) -> list[str]:
    """Sixty tracks of twenty artists, each beside those that follow it."""
    store, _ = database
    ids = [seed_track(store, Tags(f"Air {n}", f"Artist {n % 20}"), path=b"a.mp3", duration_s=12) for n in range(60)]
    seed_model(store, ids, model_id="radio")
    return ids


def put_into_queue(page: Page, track_ids: list[str]) -> None:
    """Let the queue, which must hold one of a radio already, be these tracks, and its last one the current one."""
    page.evaluate(
        """ids => {
            const [key, kept] = Object.entries(localStorage).find(([key]) => key.endsWith(":queue"));
            const queue = JSON.parse(kept);
            queue.tracks = ids.map((track, place) => ({ ...queue.tracks[0], track, place, entry: place + 1 }));
            localStorage.setItem(key, JSON.stringify({ ...queue, index: ids.length - 1 }));
        }""",
        track_ids,
    )
    page.reload()


def start_radio(page: Page, address: str, station: str) -> None:
    sign_up(page, address)
    page.goto(f"{address}/tracks/{station}/radio")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Play Air 0 ")).click()
    wait_until(page, lambda: len(queued(page)) > 1)
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause", exact=True).click()


def test_radio_goes_on_in_a_queue_that_is_longer_than_the_server_takes(
    page: Page, address: str, stations: list[str]
) -> None:
    start_radio(page, address, stations[0])
    played = [stations[n % 10] for n in range(501)]
    put_into_queue(page, played)
    wait_until(page, lambda: bool(set(queued(page)) - set(played)))
    assert len(queued(page)) <= 425


def test_radio_that_finds_nothing_more_says_so_once(page: Page, address: str, stations: list[str]) -> None:
    start_radio(page, address, stations[0])
    put_into_queue(page, stations)
    expect(page.get_by_role("alert")).to_contain_text("The radio ends with this queue")
    assert queued(page) == stations
    page.get_by_role("alert").get_by_role("button", name="Close").click()
    page.reload()
    expect(page.get_by_role("region", name="Player")).to_be_visible()
    page.wait_for_timeout(500)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_radio_goes_on_along_neighbours_without_a_track_twice(page: Page, address: str, stations: list[str]) -> None:
    start_watching(page)
    sign_up(page, address)
    page.goto(f"{address}/tracks/{stations[0]}")
    page.get_by_role("link", name="Radio", exact=True).click()
    # The track's own page has such a button, too.
    expect(page.get_by_role("heading", level=1)).to_have_text("Radio: Air 0")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Play Air 0 ")).click()
    wait_for_playing(page)
    first = queued(page)
    assert first[0] == stations[0]
    assert len(first) < 30
    following = page.get_by_role("region", name="Player").get_by_role("button", name="Next track")
    for _ in range(len(first) - 4):
        following.click()
    wait_until(page, lambda: len(queued(page)) > len(first))
    grown = queued(page)
    assert grown[: len(first)] == first
    assert len(set(grown)) == len(grown)
    wait_for_playing(page)
    page.get_by_role("link", name="Favourites", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Favourites")
    for _ in range(len(grown) - len(first)):
        following.click()
    wait_until(page, lambda: len(queued(page)) > len(grown))
    assert not page.evaluate("window.__audio.paused")


def test_track_taken_out_of_a_radio_comes_back_without_taking_what_has_come_since(
    page: Page, address: str, stations: list[str]
) -> None:
    start_radio(page, address, stations[0])
    page.get_by_role("button", name="Queue", exact=True).click()
    panel, before = page.get_by_role("dialog", name="Queue"), queued(page)
    panel.locator(".queue-row").nth(1).get_by_role("button", name=re.compile("^Remove ")).click()
    page.keyboard.press("Escape")
    following = page.get_by_role("region", name="Player").get_by_role("button", name="Next track")
    for _ in range(len(before) - 5):
        following.click()
    wait_until(page, lambda: len(queued(page)) > len(before))
    grown = queued(page)
    current = page.get_by_role("region", name="Player").locator("[data-now-title]").inner_text()
    page.get_by_role("alert").get_by_role("button", name="Undo").click()
    assert queued(page) == [grown[0], before[1], *grown[1:]]
    expect(page.get_by_role("region", name="Player").locator("[data-now-title]")).to_have_text(current)


def test_track_taken_out_of_a_radio_is_not_brought_again(page: Page, address: str, stations: list[str]) -> None:
    start_radio(page, address, stations[0])
    page.get_by_role("button", name="Queue", exact=True).click()
    panel, before = page.get_by_role("dialog", name="Queue"), queued(page)
    panel.locator(".queue-row").nth(1).get_by_role("button", name=re.compile("^Remove ")).click()
    page.keyboard.press("Escape")
    following = page.get_by_role("region", name="Player").get_by_role("button", name="Next track")
    with page.expect_request("**/radio/next") as asked:
        for _ in range(len(before) - 5):
            following.click()
    told = parse_qs(asked.value.post_data)["played"][0].split(",")
    assert sorted(told) == sorted(before)
    assert told[-1] == before[-1]


def test_answer_for_one_radio_is_not_put_into_the_next(page: Page, address: str, stations: list[str]) -> None:
    held: list[Route] = []
    sign_up(page, address)
    page.goto(f"{address}/tracks/{stations[0]}/radio")
    page.route("**/radio/next", lambda route: held.append(route))
    page.evaluate("document.querySelectorAll('main .track ~ .track').forEach((row) => row.remove())")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Play Air 0 ")).click()
    wait_until(page, lambda: len(held) == 1)
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_role("heading", name="All tracks")).to_be_visible()
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).fill("Air 40")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="Air 40", exact=True).click()
    page.get_by_role("link", name="Radio", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Radio: Air 40")
    page.evaluate("document.querySelectorAll('main .track ~ .track').forEach((row) => row.remove())")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Play Air 40 ")).click()
    assert queued(page) == [stations[40]]
    held[0].continue_()
    wait_until(page, lambda: len(held) == 2)
    assert queued(page) == [stations[40]]
    asked = parse_qs(held[1].request.post_data)["played"]
    assert asked == [stations[40]]
    held[1].continue_()
    wait_until(page, lambda: len(queued(page)) > 1)
    assert stations[1] not in queued(page)
