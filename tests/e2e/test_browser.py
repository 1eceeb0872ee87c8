"""Signing up, finding, recommendations and playing, as a listener meets them in a browser."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import assert_fits, played_s, sign_up, start_watching, wait_for_playing, wait_until
from tests.web.seeding import NOW, seed_model, seed_track

pytestmark = pytest.mark.browser


def test_listener_signs_up_searches_gets_recommendations_and_plays_one(page: Page, address: str) -> None:
    start_watching(page)
    sign_up(page, address)
    search = page.get_by_role("combobox", name="Search title, artist, album or genre")
    search.press_sequentially("savi ivo")
    suggestion = page.get_by_role("option", name="Ivory Savino")
    expect(suggestion).to_be_visible()
    search.press("ArrowDown")
    expect(suggestion).to_have_attribute("aria-selected", "true")
    search.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Ivory")
    rows = page.get_by_role("list", name="Tracks that sound like this one, nearest first").get_by_role("listitem")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("Caribbean")
    expect(rows.first).to_contain_text("0.050")
    expect(rows.first.get_by_role("link", name="Slow strings")).to_be_visible()

    rows.first.get_by_role("button", name="Play Caribbean by Savino").click()
    wait_for_playing(page)
    rows.first.get_by_role("button", name="Pause Caribbean by Savino").click()
    stopped = played_s(page)
    page.wait_for_timeout(400)
    assert played_s(page) == stopped

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto(f"{address}/clusters")
    expect(page).to_have_url(re.compile(r"/log-in\?next="))


def test_server_does_not_tell_which_program_it_is(address: str) -> None:
    assert httpx.get(f"{address}/health").headers.get_list("server") == ["Earwise"]


def test_every_format_plays_and_one_track_at_a_time(page: Page, address: str, tracks: dict[str, str]) -> None:
    start_watching(page)
    sign_up(page, address)
    expect(page.get_by_role("heading", name="All tracks")).to_be_visible()
    for title, track_id in tracks.items():
        if title == "Gone":
            continue
        button = page.locator(f'button[data-play="{track_id}"]')
        button.click()
        wait_until(page, lambda wanted=track_id: wanted in page.evaluate("window.__audio.src"))
        wait_for_playing(page)
        expect(button).to_have_accessible_name(re.compile(f"^Pause {re.escape(title)}"))
        expect(page.get_by_role("button", name=re.compile("^Pause "))).to_have_count(1)


def test_everything_is_reached_by_keyboard(page: Page, address: str) -> None:
    sign_up(page, address)
    page.wait_for_load_state()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page's content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("far")
    expect(page.get_by_role("option", name="Far away")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 track for “far”")).to_be_visible()


def test_hostile_title_is_only_text(page: Page, address: str, tracks: dict[str, str]) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a tag ran as script: {dialog.message}"))
    sign_up(page, address)
    page.get_by_role("combobox").press_sequentially("script")
    page.get_by_role("option").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("<script>alert('tags')</script>")


def test_search_recommendations_and_audio_work_without_javascript(plain: BrowserContext, address: str) -> None:
    page = plain.new_page()
    sign_up(page, address)
    page.get_by_label("Search title, artist, album or genre").fill("savi ivo")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 track for “savi ivo”")).to_be_visible()
    page.get_by_role("link", name="Ivory", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ivory")
    expect(page.locator("audio[controls]")).to_be_visible()
    source = page.get_by_role("link", name="Play Caribbean by Savino").get_attribute("href")
    answer = plain.request.get(f"{address}{source}", headers={"Range": "bytes=0-3"})
    assert answer.status == 206
    assert answer.body() == b"fLaC"
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


@pytest.mark.parametrize("has_script", [True, False])
def test_artists_are_filtered_and_the_filter_is_gone_back_to(chromium: Browser, address: str, has_script: bool) -> None:
    with chromium.new_context(java_script_enabled=has_script, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        sign_up(page, address)
        page.goto(f"{address}/browse?sort=size")
        page.get_by_label("Words that the name begins with, or has").fill("sav")
        page.get_by_role("button", name="Filter").click()
        expect(page.locator(".shelf-name")).to_have_text(["Savino"])
        expect(page.get_by_text("1 artist with “sav”")).to_be_visible()
        assert sorted(page.url.partition("?")[2].split("&")) == ["of=sav", "sort=size"]
        page.get_by_role("link", name="Savino").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Savino")
        page.go_back()
        expect(page.locator(".shelf-name")).to_have_text(["Savino"])
        page.get_by_label("Words that the name begins with, or has").fill("xyzzy")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
        page.get_by_role("link", name="All artists").click()
        expect(page.locator(".shelf-name")).not_to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_no_page_is_wider_than_its_window(
    chromium: Browser, address: str, tracks: dict[str, str], width: int, scheme: str
) -> None:
    with chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        for path in ("/log-in", "/sign-up"):
            page.goto(address + path)
            assert_fits(page)
        sign_up(page, address)
        for path in ("/", "/?q=savino", "/clusters", "/clusters/1", f"/tracks/{tracks['Ivory']}", "/none"):
            page.goto(address + path)
            assert_fits(page)


def test_page_that_is_long_in_coming_shows_that_it_comes(page: Page, address: str, tracks: dict[str, str]) -> None:
    held: list[Route] = []
    sign_up(page, address)
    page.wait_for_load_state()
    page.route("**/clusters", lambda route: held.append(route))
    page.get_by_role("link", name="By sound", exact=True).click()
    expect(page.locator("#page")).to_have_attribute("aria-busy", "true")
    bar = page.locator("[data-loading]")
    wait_until(page, lambda: bar.bounding_box()["width"] > 20)
    held[0].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Browse by sound")
    expect(page.locator("#page")).to_have_attribute("aria-busy", "false")
    wait_until(page, lambda: bar.bounding_box()["width"] == 0)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_is_under_way_moves_for_those_alone_who_want_motion(
    listener: Page, tracks: dict[str, str], motion: Literal["no-preference", "reduce"]
) -> None:
    held: list[Route] = []
    listener.emulate_media(reduced_motion=motion)
    for path in ("audio", "why/*"):
        listener.route(f"**/tracks/*/{path}", lambda route: held.append(route))
    listener.goto(listener.url + f"tracks/{tracks['Ivory']}")
    listener.get_by_role("button", name="Play Caribbean by Savino").click()
    expect(listener.locator(".play.is-loading")).to_be_visible()
    listener.get_by_role("link", name="Why Caribbean by Savino").click()
    wait_until(listener, lambda: listener.locator("[data-loading]").bounding_box()["width"] > 20)
    count_moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert listener.evaluate(count_moving) == (0 if motion == "reduce" else 2)
    for route in held:
        route.continue_()
    expect(listener.get_by_role("heading", level=1)).to_have_text("Why do they sound alike?")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "overtaken"])
def test_of_two_pages_under_way_the_one_asked_for_last_is_shown(
    page: Page, address: str, tracks: dict[str, str], order: tuple[int, int]
) -> None:
    held: list[Route] = []
    titles = ("Ivory", "Caribbean")
    sign_up(page, address)
    page.wait_for_load_state()
    for number, title in enumerate(titles, 1):
        page.route(f"**/tracks/{tracks[title]}", lambda route: held.append(route))
        page.get_by_role("main").get_by_role("link", name=title, exact=True).click()
        wait_until(page, lambda number=number: len(held) == number)
    for number in order:
        with page.expect_response(f"**/tracks/{tracks[titles[number]]}"):
            held[number].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Caribbean")
    expect(page.locator("#page")).to_have_attribute("aria-busy", "false")
    assert page.url == f"{address}/tracks/{tracks['Caribbean']}"


def test_what_does_not_reach_the_library_is_said_to_be_lost(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        sign_up(page, address)
        page.goto(f"{address}/tracks/{tracks['Ivory']}")
        page.route("**/stars", lambda route: route.abort())
        page.get_by_role("button", name="3 stars").click()
        expect(page.get_by_role("alert")).to_contain_text("That was not kept: the library can't be reached.")
        expect(page.get_by_role("heading", level=1)).to_have_text("Ivory")
        expect(page.locator("#page")).to_have_attribute("aria-busy", "false")


def test_stars_for_a_track_that_is_forgotten_are_answered_by_a_page_and_not_in_the_place_of_the_stars(
    page: Page, address: str, database: tuple[Store, str], tracks: dict[str, str]
) -> None:
    store, _ = database
    leaving = seed_track(store, Tags("Leaving soon", "Mogwai"), path=b"soon.mp3")
    seed_model(store, [*tracks.values(), leaving], model_id="leaving")
    sign_up(page, address)
    page.goto(f"{address}/tracks/{leaving}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Leaving soon")
    store.tracks.remove_file(leaving, LibraryPath("music", b"soon.mp3"), NOW)
    store.tracks.forget([leaving])
    page.get_by_role("button", name="3 stars").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(page.locator("main")).to_have_count(1)
    expect(page.locator("#page")).to_have_count(1)
    expect(page).to_have_title("Nothing here · Earwise")


def test_suggestions_are_of_what_was_meant(page: Page, address: str) -> None:
    sign_up(page, address)
    page.get_by_role("combobox").press_sequentially("savinno")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing here is spelt “savinno”.")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_value("savino")
    assert page.url == f"{address}/?q=savino&typed=savinno"


def test_suggestions_that_come_after_the_field_was_left_stay_closed(page: Page, address: str) -> None:
    held: list[Route] = []
    sign_up(page, address)
    page.wait_for_load_state()
    page.route("**/suggestions?*", lambda route: held.append(route))
    search = page.get_by_role("combobox")
    search.press_sequentially("savi")
    wait_until(page, lambda: bool(held))
    page.locator("main").focus()
    for route in held:
        with suppress(Error):  # nobody waits for it any more
            route.continue_()
    page.unroute_all()
    search.press_sequentially("n")
    page.locator("main").focus()
    page.wait_for_timeout(500)
    expect(page.get_by_role("option")).to_have_count(0)
    expect(search).to_have_attribute("aria-expanded", "false")
