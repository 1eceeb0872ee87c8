"""The app under gunicorn on the real store with real audio, and headless Chromium to meet it with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.listeners import Role
from earwise.store.tracks import Tags
from tests.audio import make_tone, write_audio
from tests.conftest import free_port
from tests.e2e.browsing import log_in_as_new, sign_up, start_watching
from tests.web.seeding import seed_model, seed_track

CHROMIUM_ARGUMENTS = [
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
    "f.wma": Tags("Windows", "Mogwai"),
}
_LENGTH_S = 12.0
# What is logged of pages that are not found, which tests ask for on purpose.
_EXPECTED = re.compile("status of 404|Error Code 404|historyCacheMissLoadError")


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
    found["Gone"] = seed_track(store, Tags("Gone", "Zappa"), path=b"gone.mp3")
    refresh_directory(store)
    return found


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
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:webapp.processes", "--workers", "2"]
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
        yield playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)


@pytest.fixture(autouse=True)
def requests_stay_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No page that a browser of a test shows asks anything of another machine."""
    elsewhere: list[str] = []
    make = Browser.new_context

    def note(request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            elsewhere.append(request.url)

    def make_watched(browser: Browser, **options: Any) -> BrowserContext:
        context = make(browser, **options)
        context.on("request", note)
        return context

    monkeypatch.setattr(Browser, "new_context", make_watched)
    yield
    assert elsewhere == []


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page on which no script may fail and no policy may be broken."""
    faults: list[str] = []
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield opened
    assert [fault for fault in faults if not _EXPECTED.search(fault)] == []


@pytest.fixture
def listener(page: Page, address: str, database: tuple[Store, str]) -> Page:
    """A listener who has just signed up and sees the library."""
    store, name = database
    # All tests are one address, from which only so many may sign up in ten minutes.
    store.client[name]["attempts"].delete_many({})
    start_watching(page)
    sign_up(page, address)
    expect(page.get_by_role("heading", name="All tracks")).to_be_visible()
    return page


@pytest.fixture
def reader(page: Page, address: str, database: tuple[Store, str]) -> Page:
    """A listener who has logged in and sees the library."""
    start_watching(page)
    log_in_as_new(page, address, database[0], Role.LISTENER)
    expect(page.get_by_role("heading", name="All tracks")).to_be_visible()
    return page


@pytest.fixture
def plain(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser without JavaScript."""
    with chromium.new_context(java_script_enabled=False) as context:
        yield context
