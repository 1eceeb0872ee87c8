"""Lists of several pages in a browser: Play takes all of one, and adding to a playlist comes back to the row."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from earwise.store.tracks import Tags
from tests.e2e.browsing import expect_current, play, queued, wait_for_playing, wait_until, walk_to
from tests.web.seeding import NOW, seed_model, seed_track

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def airs(database: tuple[Store, str], tracks: dict[str, str]) -> list[str]:
    """Tracks of one artist and of one cluster, for several pages of either."""
    store, _ = database
    found = [
        seed_track(store, Tags(f"Air {n:03d}", "Aria", "Wind", "Ambient", 1990, n), path=b"a.mp3", duration_s=12)
        for n in range(190)
    ]
    refresh_directory(store)
    seed_model(store, found, model_id="long", names=("Wide air",))
    return found


def name_of(page: Page) -> str:
    return page.locator(".account-name bdi").inner_text()


@pytest.mark.parametrize("path", [f"/browse/artists/{shelf_key('Aria')}", "/clusters/0"])
def test_play_goes_through_the_whole_list(reader: Page, address: str, airs: list[str], path: str) -> None:
    reader.goto(f"{address}{path}?page=2")
    reader.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    expect_current(reader, "Air 000")
    wait_for_playing(reader)
    wait_until(reader, lambda: queued(reader) == airs)


def test_row_far_down_an_album_is_followed_and_preceded_by_what_is_on_other_pages(
    reader: Page, address: str, airs: list[str]
) -> None:
    reader.goto(f"{address}/browse/albums/{shelf_key('Wind', 'Aria')}?page=6")
    play(reader, "Air 160")
    wait_until(reader, lambda: queued(reader) == airs)
    reader.get_by_role("slider", name="Position").fill("11")
    expect_current(reader, "Air 161")


def test_play_goes_through_all_favourites(
    reader: Page, address: str, database: tuple[Store, str], airs: list[str]
) -> None:
    store, _ = database
    owner = store.listeners.get_by_name(name_of(reader))
    for number, track in enumerate(airs):
        store.ratings.set_favourite(owner.listener_id, track, True, NOW + timedelta(seconds=number))
    reader.goto(f"{address}/favourites")
    reader.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    wait_until(reader, lambda: queued(reader) == airs[::-1])


@pytest.mark.parametrize("path", [f"/browse/artists/{shelf_key('Aria')}?page=2", "/clusters/0?page=2"])
def test_adding_to_a_playlist_comes_back_to_the_row(
    reader: Page, address: str, database: tuple[Store, str], airs: list[str], path: str
) -> None:
    store, _ = database
    owner = store.listeners.get_by_name(name_of(reader))
    store.playlists.create(owner.listener_id, "Night", NOW)
    reader.goto(address + path)
    play(reader, "Air 045")
    wait_for_playing(reader)
    row = reader.locator(f"[data-row='{airs[45]}']")
    row.locator("details.menu summary").click()
    row.get_by_role("link", name="Add to a playlist").click()
    reader.get_by_role("button", name=re.compile("^Night")).click()
    expect(reader.get_by_text("Air 045 is in “Night” now.", exact=True)).to_be_in_viewport()
    expect(reader.locator(f"#track-{airs[45]}")).to_be_focused()
    expect(reader.locator(f"#track-{airs[45]}")).to_be_in_viewport()
    assert reader.url == f"{address}{path}#track-{airs[45]}"
    wait_for_playing(reader)
    reader.get_by_role("main").get_by_role("button", name="Undo").click()
    expect(reader.get_by_text("The track is taken out.", exact=True)).to_be_in_viewport()
    expect(reader.locator(f"#track-{airs[45]}")).to_be_focused()
    assert reader.url == f"{address}{path}#track-{airs[45]}"


def test_what_is_pressed_last_plays_whichever_answer_comes_last(reader: Page, address: str, airs: list[str]) -> None:
    waiting: list[Route] = []
    reader.route("**/browse/artists/*/tracks*", lambda route: waiting.append(route))
    reader.goto(f"{address}/browse/artists/{shelf_key('Aria')}?page=2")
    reader.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    wait_until(reader, lambda: len(waiting) == 1)
    play(reader, "Air 045")
    wait_for_playing(reader)
    with reader.expect_response("**/browse/artists/*/tracks*"):
        waiting[0].continue_()
    reader.wait_for_timeout(300)
    expect_current(reader, "Air 045")


@pytest.mark.parametrize("button", ["Pause", "Next track"])
def test_play_that_is_awaited_does_not_begin_once_the_player_was_told_otherwise(
    reader: Page, address: str, airs: list[str], button: str
) -> None:
    waiting: list[Route] = []
    reader.route("**/browse/artists/*/tracks*", lambda route: waiting.append(route))
    reader.goto(f"{address}/browse/artists/{shelf_key('Aria')}?page=2")
    play(reader, "Air 045")
    wait_for_playing(reader)
    before = len(waiting)
    reader.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    wait_until(reader, lambda: len(waiting) > before)
    reader.get_by_role("region", name="Player").get_by_role("button", name=button, exact=True).click()
    with reader.expect_response("**/browse/artists/*/tracks*"):
        waiting[-1].continue_()
    reader.wait_for_timeout(300)
    expect_current(reader, "Air 045" if button == "Pause" else "Air 046")
    assert reader.evaluate("window.__audio.paused") is (button == "Pause")


def test_play_goes_through_all_rated_tracks(
    reader: Page, address: str, database: tuple[Store, str], airs: list[str]
) -> None:
    owner = database[0].listeners.get_by_name(name_of(reader))
    for number, track in enumerate(airs):
        database[0].ratings.set_stars(owner.listener_id, track, 4, NOW + timedelta(seconds=number))
    reader.goto(f"{address}/rated")
    reader.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    wait_until(reader, lambda: queued(reader) == airs[::-1])


def test_menu_of_the_last_row_lies_not_under_the_player(reader: Page, address: str, airs: list[str]) -> None:
    reader.goto(f"{address}/browse/artists/{shelf_key('Aria')}?page=2")
    play(reader, "Air 045")
    wait_for_playing(reader)
    player = reader.get_by_role("region", name="Player").bounding_box()
    assert player
    for row in (reader.locator("main [data-row]").last, reader.locator("main [data-row]").first):
        row.locator("details.menu summary").click()
        box = row.get_by_role("link", name="Go to the album").bounding_box()
        assert box
        assert 0 < box["y"] < box["y"] + box["height"] <= player["y"]


def test_keyboard_goes_from_a_track_to_its_artist_and_its_album(reader: Page, address: str, airs: list[str]) -> None:
    reader.goto(f"{address}/tracks/{airs[3]}")
    banner = reader.locator(".banner")
    walk_to(reader, banner.get_by_role("link", name="Aria", exact=True))
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Aria")
    menu = reader.locator(f"[data-row='{airs[5]}'] details.menu summary")
    walk_to(reader, menu)
    reader.keyboard.press("Enter")
    walk_to(reader, reader.get_by_role("link", name="Go to the album").locator("visible=true"))
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Wind")


def test_artist_in_a_row_is_one_press_away(reader: Page, address: str, airs: list[str]) -> None:
    reader.goto(f"{address}/clusters/0")
    row = reader.locator(f"[data-row='{airs[2]}']")
    row.get_by_role("link", name="Aria", exact=True).click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Aria")
    reader.go_back()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Wide air")
    row.get_by_role("link", name="Wind", exact=True).click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("Wind")
