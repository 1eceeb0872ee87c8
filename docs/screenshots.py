"""Remakes the README's pictures from a running `./run`: python docs/screenshots.py [title of the track to show].

Uses the home of `./run status --json` with its passwords, and the system's Chromium.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from earwise.embedded.secrets import load_secrets

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGES = REPOSITORY / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SIZE = {"width": 1440, "height": 860}
MOST_BYTES = 200_000


def main() -> int:
    """Take both pictures."""
    command = [sys.executable, "-m", "earwise.cli", "status", "--json"]
    status = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    if not status["ready"]:
        _say("Start Earwise first, by ./run, and wait until it says where it is.")
        return 2
    secrets = load_secrets(Path(status["home"]))
    IMAGES.mkdir(exist_ok=True)
    with _page() as page:
        _show_recommendations(page, status["web_url"], secrets.admin_password, " ".join(sys.argv[1:]))
        _save(page, "recommendations")
    with _page() as page:
        _show_grid(page, status["airflow_url"], secrets.airflow_password)
        _save(page, "airflow-grid")
    return 0


@contextmanager
def _page() -> Iterator[Page]:
    """An empty page of a fresh browser, light, as wide as a notebook's screen."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        yield browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        browser.close()


def _show_recommendations(page: Page, url: str, password: str, title: str) -> None:
    """Log in and open the page of the first track that is found; without a title, of the library's first."""
    page.goto(f"{url}/log-in")
    page.fill("input[name=name]", "admin")
    page.fill("input[name=password]", password)
    page.click("form button[type=submit]")
    page.goto(f"{url}/?{urlencode({'q': title})}")
    page.click("main a[href^='/tracks/']")
    page.wait_for_load_state("networkidle")


def _show_grid(page: Page, url: str, password: str) -> None:
    """Log in to Airflow and open the training DAG's newest run beside the grid."""
    page.goto(f"{url}/auth/login")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "login" not in address)
    page.goto(f"{url}/dags/train_clusters")
    page.wait_for_selector("text=publish")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)


def _save(page: Page, name: str) -> None:
    """Save what is in view as PNG, the form that is smallest for flat colours, and say how large it is."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    size = path.stat().st_size
    _say(f"{path.relative_to(REPOSITORY)}  {size / 1000:.0f} kB{'  TOO LARGE' * (size > MOST_BYTES)}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
