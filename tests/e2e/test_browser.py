"""The web app as a listener meets it: gunicorn, the real store, real audio, headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.tracks import Tags
from tests.audio import make_tone, write_audio
from tests.conftest import free_port
from tests.web.seeding import seed_model, seed_track

pytestmark = pytest.mark.browser

_CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_TRACKS = {
    "a.mp3": Tags("Ágætis byrjun", "Sigur Rós", "Von"),
    "b.ogg": Tags("Ivory", "Savino", "Ocean"),
    "c.flac": Tags("Caribbean", "Savino", "Ocean"),
    "d.wav": Tags("<script>alert('tags')</script>", "Nobody"),
    "e.opus": Tags("Far away", "Mogwai"),
}
_LENGTH_S = 12.0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one track per format."""
    folder = tmp_path_factory.mktemp("library")
    for number, name in enumerate(_TRACKS):
        write_audio(folder / name, make_tone(_LENGTH_S, pitch_hz=220.0 + 30 * number))
    return folder


@pytest.fixture(scope="module")
def database(mongo_uri: str) -> Iterator[tuple[Store, str]]:
    """A store that the tests of this module share, and its name."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with open_store_at(mongo_uri, name) as opened:
        opened.create_indexes()
        yield opened, name


@pytest.fixture(scope="module")
def tracks(database: tuple[Store, str]) -> dict[str, str]:
    """The library's tracks with a model, and one track whose file is gone; ids by title."""
    store, _ = database
    found = {
        tags.title: seed_track(store, tags, path=name.encode(), duration_s=_LENGTH_S) for name, tags in _TRACKS.items()
    }
    seed_model(store, list(found.values()), names=("Slow strings", "Bright piano"))
    return found | {"Gone": seed_track(store, Tags("Gone", "Zappa"), path=b"gone.mp3")}


@pytest.fixture(scope="module")
def address(
    tracks: dict[str, str],
    library: Path,
    database: tuple[Store, str],
    mongo_uri: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The app under gunicorn, as in production but for HTTPS."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    environment = os.environ | {
        "EARWISE_HOME": str(home),
        "EARWISE_LIBRARY": str(library),
        "EARWISE_SECRET_KEY": "k" * 32,
        "EARWISE_MONGO_URI": mongo_uri,
        "EARWISE_MONGO_DATABASE": database[1],
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    command = [*gunicorn, "--bind", f"127.0.0.1:{port}", "webapp:create_app()"]
    log_file = home / "web.log"
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        found = f"http://127.0.0.1:{port}"
        try:
            wait_until_healthy(found, log_file)
            yield found
        finally:
            server.terminate()


def wait_until_healthy(address: str, log: Path) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"gunicorn did not come up:\n{log.read_text()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no Chromium on PATH"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=program, args=_CHROMIUM_ARGUMENTS)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page on which no script may fail and no policy may be broken."""
    faults: list[str] = []
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield opened
    assert [fault for fault in faults if "status of 404" not in fault] == []


@pytest.fixture
def plain(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser without JavaScript."""
    with chromium.new_context(java_script_enabled=False) as context:
        yield context


def sign_up(page: Page, address: str) -> None:
    """Sign up as somebody new."""
    page.goto(address)
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("User name").fill(f"listener-{uuid.uuid4().hex[:8]}")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password again").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()


def start_watching(page: Page) -> None:
    """Keep the page's audio elements where the test can see them."""
    page.add_init_script("""
        const Native = window.Audio;
        window.Audio = function (...rest) { return (window.__audio = new Native(...rest)); };
    """)


def played_s(page: Page) -> float:
    return float(page.evaluate("window.__audio?.currentTime ?? 0"))


def wait_for_playing(page: Page) -> None:
    wait_until(page, lambda: played_s(page) > 0.3)
    before = played_s(page)
    wait_until(page, lambda: played_s(page) > before + 0.3)


def wait_until(page: Page, is_so: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait without evaluating in the page: its policy forbids what Playwright's own waiting would do."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        page.wait_for_timeout(50)


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
    expect(rows).to_have_count(4)
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


def test_seed_track_plays_from_where_the_slider_is_put(page: Page, address: str, tracks: dict[str, str]) -> None:
    start_watching(page)
    sign_up(page, address)
    page.goto(f"{address}/tracks/{tracks['Ágætis byrjun']}")
    slider = page.get_by_role("slider", name="Position in Ágætis byrjun by Sigur Rós")
    slider.fill("6")
    wait_until(page, lambda: 6.2 < played_s(page) < 9)
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^0:0[6-9]$"))


def test_slider_that_is_dragged_before_the_track_is_loaded_stays_where_it_was_let_go(
    page: Page, address: str, tracks: dict[str, str]
) -> None:
    start_watching(page)
    sign_up(page, address)
    page.goto(f"{address}/tracks/{tracks['Ivory']}")
    page.get_by_role("slider").evaluate("""slider => {
        for (const seconds of [1, 2, 7]) {
            slider.value = seconds;
            slider.dispatchEvent(new Event("input"));
        }
    }""")
    wait_until(page, lambda: page.evaluate("window.__audio.readyState") >= 3)
    page.wait_for_timeout(500)
    assert 7 < played_s(page) < 11


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


def test_track_whose_file_is_gone_says_so(page: Page, address: str) -> None:
    sign_up(page, address)
    with page.expect_response("**/audio"):
        page.get_by_role("button", name="Play Gone by Zappa").click()
    expect(page.get_by_role("alert")).to_contain_text("Gone by Zappa can't be played here")


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


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
