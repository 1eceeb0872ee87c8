"""The player: it plays on while pages change, and goes through its queue."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import expect_current, play, played_s, sign_up, start_watching, wait_for_playing, wait_until
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


def queued(page: Page) -> list[str]:
    return page.get_by_role("dialog", name="Queue").locator(".queue-title").all_inner_texts()


def test_track_plays_on_while_pages_change(listener: Page, tracks: dict[str, str]) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    source, before = listener.evaluate("window.__audio.src"), played_s(listener)
    for link, heading in (("By sound", "Browse by sound"), ("Library", "Which track shall we start from?")):
        listener.get_by_role("link", name=link, exact=True).click()
        expect(listener.get_by_role("heading", level=1)).to_have_text(heading)
        expect(listener.locator("main")).to_be_focused()
    listener.go_back()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Browse by sound")
    expect(listener).to_have_title("Browse by sound · Earwise")
    wait_until(listener, lambda: played_s(listener) > before + 0.3)
    assert listener.evaluate("window.__audio.src") == source
    assert not listener.evaluate("window.__audio.paused")


def test_buttons_say_what_they_do_as_soon_as_they_are_pressed(listener: Page, tracks: dict[str, str]) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    # Within one turn of the page, before any event of the audio element can come.
    said = listener.evaluate("""() => {
        const label = () => document.querySelector("main .is-current button[data-play]").getAttribute("aria-label");
        const press = () => {
            document.querySelector("[data-player] [data-do=toggle]").click();
            return label().split(" ")[0];
        };
        return [label().split(" ")[0], press(), press(), press()];
    }""")
    assert said == ["Pause", "Play", "Pause", "Play"]


def test_track_that_has_left_the_library_is_said_so_while_another_plays_on(
    listener: Page, database: tuple[Store, str]
) -> None:
    store, _ = database
    leaving = seed_track(store, Tags("Leaving", "Mogwai"), path=b"leaving.mp3")
    refresh_directory(store)
    listener.reload()
    play(listener, "Ivory")
    wait_for_playing(listener)
    store.tracks.remove_file(leaving, LibraryPath("music", b"leaving.mp3"), NOW)
    listener.get_by_role("main").get_by_role("link", name="Leaving", exact=True).click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Nothing here")
    assert not listener.evaluate("window.__audio.paused")


def test_queue_goes_on_at_a_tracks_end_and_stops_at_its_own(listener: Page, address: str) -> None:
    listener.get_by_role("searchbox").or_(listener.get_by_role("combobox")).fill("savino")
    listener.keyboard.press("Enter")
    expect(listener.get_by_role("heading", name="2 tracks for “savino”")).to_be_visible()
    play(listener, "Caribbean")
    wait_for_playing(listener)
    position = listener.get_by_role("slider", name="Position")
    position.fill("11")
    expect_current(listener, "Ivory")
    wait_for_playing(listener)
    position.fill("11")
    expect(listener.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect_current(listener, "Ivory")


def test_repeating_one_track_plays_it_again(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    repeat = listener.get_by_role("region", name="Player").get_by_role("button", name=re.compile("^Repeat"))
    repeat.click()
    expect(repeat).to_have_accessible_name("Repeat: the whole queue")
    repeat.click()
    expect(repeat).to_have_accessible_name("Repeat: this track")
    listener.get_by_role("slider", name="Position").fill("11")
    wait_until(listener, lambda: 0.2 < played_s(listener) < 8)
    expect_current(listener, "Ivory")


def test_repeating_the_queue_begins_it_again_past_its_end(listener: Page, address: str) -> None:
    listener.goto(f"{address}/?q=savino")
    play(listener, "Caribbean")
    wait_for_playing(listener)
    player = listener.get_by_role("region", name="Player")
    player.get_by_role("button", name="Repeat: off").click()
    expect(player.get_by_role("button", name="Repeat: the whole queue")).to_be_visible()
    position = listener.get_by_role("slider", name="Position")
    for following in ("Ivory", "Caribbean"):
        position.fill("11")
        expect_current(listener, following)
        wait_for_playing(listener)


def test_track_starts_from_where_the_slider_is_put(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("slider", name="Position").evaluate("""slider => {
        for (const seconds of [1, 2, 7]) {
            slider.value = seconds;
            slider.dispatchEvent(new Event("input"));
        }
    }""")
    wait_until(listener, lambda: 7.2 < played_s(listener) < 11)
    slider = listener.get_by_role("slider", name="Position")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^0:(0[7-9]|10) of 0:12$"))


def test_queue_is_reordered_and_what_is_taken_out_comes_back(listener: Page, tracks: dict[str, str]) -> None:
    play(listener, "Ivory")
    listener.get_by_role("button", name="Queue", exact=True).click()
    before = queued(listener)
    assert len(before) == len(tracks)
    panel = listener.get_by_role("dialog", name="Queue")
    rows = panel.locator(".queue-row")
    rows.nth(2).get_by_role("button", name=re.compile("^Move .* up$")).click()
    moved = [before[0], before[2], before[1], *before[3:]]
    assert queued(listener) == moved
    rows.nth(0).drag_to(rows.nth(3))
    dragged = [*moved[1:4], moved[0], *moved[4:]]
    assert queued(listener) == dragged
    rows.nth(1).get_by_role("button", name=re.compile("^Remove ")).click()
    assert queued(listener) == [dragged[0], *dragged[2:]]
    panel.get_by_role("button", name="Undo").click()
    assert queued(listener) == dragged
    panel.get_by_role("button", name="Clear the queue").click()
    expect(listener.get_by_role("region", name="Player")).to_be_hidden()
    listener.get_by_role("button", name="Undo").click()
    expect_current(listener, "Ivory")


def test_track_of_a_list_plays_next(listener: Page) -> None:
    play(listener, "Ivory")
    row = listener.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Play next").click()
    expect(listener.get_by_role("alert")).to_contain_text("Far away by Mogwai plays next.")
    listener.get_by_role("button", name="Next track").click()
    expect_current(listener, "Far away")
    listener.get_by_role("button", name="Previous track").first.click()
    expect_current(listener, "Ivory")


def test_shuffling_keeps_what_plays_and_is_taken_back(listener: Page) -> None:
    play(listener, "Ivory")
    listener.get_by_role("button", name="Queue", exact=True).click()
    before = queued(listener)
    shuffle = listener.get_by_role("dialog").get_by_role("button", name="Shuffle")
    shuffle.click()
    expect(shuffle).to_have_attribute("aria-pressed", "true")
    assert sorted(queued(listener)) == sorted(before)
    shuffle.click()
    assert queued(listener) == before
    expect(listener.locator(".queue-row[aria-current] .queue-title")).to_have_text("Ivory")


def test_reload_keeps_queue_and_place_and_logging_out_forgets_them(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    listener.get_by_role("slider", name="Position").fill("6")
    wait_until(listener, lambda: played_s(listener) > 6.2)
    listener.reload()
    expect_current(listener, "Ivory")
    position = listener.get_by_role("slider", name="Position")
    expect(position).to_have_attribute("aria-valuetext", re.compile("^0:0[67] of"))
    listener.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
    wait_until(listener, lambda: played_s(listener) > 6)
    listener.get_by_role("button", name="Log out").click()
    expect(listener.get_by_role("heading", name="Log in")).to_be_visible()
    assert listener.evaluate("Object.keys(localStorage).filter(key => key.startsWith('earwise')).length") == 0


def test_operating_system_is_told_what_plays(listener: Page) -> None:
    play(listener, "Ivory")
    wait_for_playing(listener)
    told = listener.evaluate("""() => {
        const { metadata, playbackState } = navigator.mediaSession;
        return [metadata.title, metadata.artist, metadata.artwork.length, playbackState];
    }""")
    assert told == ["Ivory", "Savino", 1, "playing"]
    drawn = listener.evaluate("""async () => {
        const image = new Image();
        image.src = navigator.mediaSession.metadata.artwork[0].src;
        await image.decode();
        return image.naturalWidth;
    }""")
    assert drawn > 0


def test_keys_of_the_operating_system_drive_the_player(page: Page, address: str) -> None:
    page.add_init_script("""
        const session = navigator.mediaSession;
        const keep = session.setActionHandler.bind(session);
        window.__keys = {};
        session.setActionHandler = (action, act) => {
            window.__keys[action] = (details) => act({ action, ...details });
            keep(action, act);
        };
    """)
    start_watching(page)
    sign_up(page, address)
    play(page, "Caribbean")
    wait_for_playing(page)

    def press(action: str, **details: float) -> None:
        page.evaluate("([action, details]) => window.__keys[action](details)", [action, details])

    press("nexttrack")
    expect_current(page, "Ivory")
    wait_for_playing(page)
    press("previoustrack")
    expect_current(page, "Caribbean")
    wait_for_playing(page)
    press("seekto", seekTime=7)
    wait_until(page, lambda: 7 <= played_s(page) < 9)
    press("pause")
    wait_until(page, lambda: bool(page.evaluate("window.__audio.paused")))
    assert page.evaluate("navigator.mediaSession.playbackState") == "paused"
    press("seekbackward", seekOffset=5)
    wait_until(page, lambda: 2 <= played_s(page) < 4.5)
    press("seekforward", seekOffset=2)
    wait_until(page, lambda: 4 <= played_s(page) < 6.5)
    press("play")
    wait_for_playing(page)
    press("stop")
    wait_until(page, lambda: bool(page.evaluate("window.__audio.paused")))


def test_track_whose_file_is_gone_says_so_and_the_queue_goes_on(listener: Page, tracks: dict[str, str]) -> None:
    row = listener.locator(".track", has_text="Ivory")
    play(listener, "Gone")
    expect(listener.get_by_role("alert")).to_contain_text("Gone by Zappa can't be played: ")
    expect(listener.get_by_role("alert")).to_contain_text("no longer in the library")
    expect(row).to_be_visible()


def test_what_was_heard_stands_in_the_history_and_what_was_skipped_does_not(
    listener: Page, database: tuple[Store, str]
) -> None:
    store, name = database
    play(listener, "Caribbean")
    wait_for_playing(listener)
    listener.get_by_role("button", name="Next track").click()
    expect_current(listener, "Ivory")
    wait_until(listener, lambda: played_s(listener) > 6.5)
    listener.get_by_role("link", name="History", exact=True).click()
    rows = listener.get_by_role("list", name="Tracks that you played, the last first").get_by_role("listitem")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ivory")
    owner = store.listeners.get_by_name(listener.locator(".account-name bdi").inner_text()).listener_id
    kept = list(store.client[name]["events"].find({"listener_id": owner}))
    assert sorted(event["is_play"] for event in kept) == [False, True]


def test_heart_of_the_player_and_that_of_the_page_follow_each_other(listener: Page, tracks: dict[str, str]) -> None:
    play(listener, "Ivory")
    listener.get_by_role("region", name="Player").get_by_role("link", name="Ivory").click()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Ivory")
    in_player = listener.get_by_role("region", name="Player").get_by_role("button", name="Favourite")
    on_page = listener.get_by_role("main").get_by_role("button", name="Favourite")
    in_player.click()
    expect(on_page).to_have_attribute("aria-pressed", "true")
    on_page.click()
    expect(in_player).to_have_attribute("aria-pressed", "false")
    with listener.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        in_player.click()
    listener.get_by_role("link", name="Favourites", exact=True).click()
    expect(listener.get_by_role("main").get_by_role("link", name="Ivory", exact=True)).to_be_visible()
