"""Remakes the pictures of README and tour from a running `./run`: python docs/screenshots.py [title of a track].

Uses the home of `./run status --json` with its passwords, and the system's Chromium. Pictures of the web app are WebP
without loss: for flat colours half the size of PNG.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import av
from playwright.sync_api import Browser, Page, sync_playwright

from earwise.embedded.secrets import load_secrets

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The map is drawn by WebGL, which a machine without a graphics card does in software.
OPTIONS = (
    *("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run"),
    "--disable-background-networking",
)
MOST_BYTES = 1_500_000
SEARCHED = "ken"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the web app: a page, and what is done on it before it is taken."""

    name: str
    path: str
    prepare: Callable[[Page], None] = lambda page: None
    width: int = 1440
    height: int = 900
    scheme: str = "light"


def main() -> int:
    """Take all pictures."""
    command = [sys.executable, "-m", "earwise.cli", "status", "--json"]
    status = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    if not status["ready"]:
        _say("Start Earwise first, by ./run, and wait until it says where it is.")
        return 2
    secrets = load_secrets(Path(status["home"]))
    with _browser() as browser:
        take_tour(browser, status["web_url"], secrets.admin_password, " ".join(sys.argv[1:]))
        _take_grid(browser, status["airflow_url"], secrets.airflow_password)
    total = sum(path.stat().st_size for path in IMAGES.glob("*"))
    _say(f"{total / 1000:.0f} kB in all{'  TOO LARGE' * (total > MOST_BYTES)}")
    return 0


def take_tour(browser: Browser, url: str, password: str, title: str) -> None:
    """Take the pictures of the web app; those of one width and scheme share a session."""
    IMAGES.mkdir(exist_ok=True)
    track, near = _find_tracks(browser, url, password, title)
    pictures = _pictures(track, near)
    for width, scheme in dict.fromkeys((picture.width, picture.scheme) for picture in pictures):
        with _session(browser, url, password, width, scheme) as page:
            for picture in pictures:
                if (picture.width, picture.scheme) == (width, scheme):
                    _take(page, url, picture)


def _pictures(track: str, near: str) -> list[Picture]:
    phone = {"width": 390, "height": 844}
    return [
        Picture("home", "/"),
        Picture("search", "/", _type_a_search),
        Picture("recommendations", f"/tracks/{track}", height=860),
        Picture("why", f"/tracks/{track}/why/{near}"),
        Picture("browse", "/browse/albums"),
        Picture("album", "/browse/albums?sort=size", _open_the_first_album, height=760),
        Picture("map", f"/map?track={track}", _wait_for_map),
        Picture("model", "/admin/training", _open_the_newest_model),
        Picture("home-dark", "/", scheme="dark"),
        Picture("radio-dark", f"/tracks/{track}/radio", _open_queue, scheme="dark"),
        Picture("map-dark", "/map", _wait_for_map, scheme="dark"),
        Picture("clusters-dark", "/clusters", scheme="dark"),
        Picture("home-phone", "/", **phone),
        Picture("track-phone", f"/tracks/{track}", _play, **phone),
        Picture("map-phone", f"/map?track={track}", _wait_for_map, scheme="dark", **phone),
        Picture("queue-phone", f"/tracks/{track}/radio", _open_queue, scheme="dark", **phone),
    ]


# --- what is done on a page ---


def _type_a_search(page: Page) -> None:
    page.get_by_role("combobox").press_sequentially(SEARCHED)
    page.get_by_role("option").first.wait_for()


def _play(page: Page) -> None:
    """Play a moment: too short a one to stand in the history."""
    page.get_by_role("main").locator("button[data-play]").first.click()
    player = page.get_by_role("region", name="Player")
    player.get_by_role("button", name="Pause", exact=True).wait_for()
    page.wait_for_timeout(1500)
    player.get_by_role("button", name="Pause", exact=True).click()
    page.mouse.move(0, 0)


def _open_the_first_album(page: Page) -> None:
    page.get_by_role("main").locator("a[href*='/browse/albums/']").first.click()
    page.get_by_role("button", name="Play", exact=True).first.wait_for()


def _open_queue(page: Page) -> None:
    _play(page)
    page.get_by_role("region", name="Player").get_by_role("button", name="Queue", exact=True).click()
    page.get_by_role("dialog", name="Queue").wait_for()


def _open_the_newest_model(page: Page) -> None:
    page.locator("main table a").first.click()
    page.locator(".chart").first.wait_for()


def _wait_for_map(page: Page) -> None:
    page.locator("[data-map][data-drawn]").wait_for()
    page.wait_for_timeout(500)


# --- taking pictures ---


@contextmanager
def _browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser
        browser.close()


@contextmanager
def _session(browser: Browser, url: str, password: str, width: int, scheme: str) -> Iterator[Page]:
    """A page of an admin who has just logged in."""
    size = {"width": width, "height": 900}
    look = {"color_scheme": scheme, "reduced_motion": "reduce", "has_touch": width < 500, "is_mobile": width < 500}
    with browser.new_context(viewport=size, **look) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{url}/log-in")
        page.fill("input[name=name]", "admin")
        page.fill("input[name=password]", password)
        page.click("form button[type=submit]")
        page.wait_for_selector("[data-log-out]")
        yield page


def _find_tracks(browser: Browser, url: str, password: str, title: str) -> tuple[str, str]:
    """The first track found, or of the library without a title, and the first that sounds like it."""
    with _session(browser, url, password, 1440, "light") as page:
        page.goto(f"{url}/?{urlencode({'q': title})}")
        track = _id_of_first(page)
        page.goto(f"{url}/tracks/{track}")
        return track, _id_of_first(page, "main ol a.title")


def _id_of_first(page: Page, selector: str = "main a.title") -> str:
    return str(page.locator(selector).first.get_attribute("href")).rpartition("/")[2]


def _take(page: Page, url: str, picture: Picture) -> None:
    page.evaluate("localStorage.clear()")
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.goto(url + picture.path)
    picture.prepare(page)
    page.wait_for_load_state("networkidle")
    _save(page.screenshot(), picture.name)


def _save(png: bytes, name: str) -> None:
    """Save a picture, and say how large it is."""
    taken, path = IMAGES / f".{name}.png", IMAGES / f"{name}.webp"
    taken.write_bytes(png)
    with av.open(taken) as source, av.open(path, "w") as target:
        frame = next(source.decode(video=0)).reformat(format="bgra")
        stream = target.add_stream("libwebp", options={"lossless": "1", "compression_level": "6", "quality": "100"})
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "bgra"
        target.mux([*stream.encode(frame), *stream.encode()])
    taken.unlink()
    _say(f"{path.relative_to(REPOSITORY)}  {path.stat().st_size / 1000:.0f} kB")


def _take_grid(browser: Browser, url: str, password: str) -> None:
    """Log in to Airflow and open the training DAG's newest run beside the grid."""
    page = browser.new_page(viewport={"width": 1440, "height": 860}, color_scheme="light", reduced_motion="reduce")
    page.goto(f"{url}/auth/login")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "login" not in address)
    page.goto(f"{url}/dags/train_clusters")
    page.wait_for_selector("text=publish")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)
    _save(page.screenshot(), "airflow-grid")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
