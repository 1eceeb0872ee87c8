"""What a listener does in a browser, step by step."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from earwise.passwords import hash_password
from earwise.store import Store
from earwise.store.listeners import Role
from tests.web.seeding import NOW


def sign_up(page: Page, address: str) -> None:
    """Sign up as somebody new."""
    page.goto(address)
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("User name").fill(f"listener-{uuid.uuid4().hex[:8]}")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password again").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()


def play(page: Page, title: str) -> None:
    """Press the play button of a track of the page's lists."""
    page.get_by_role("main").get_by_role("button", name=re.compile(f"^Play {title}")).click()


def expect_current(page: Page, title: str) -> None:
    """Expect that the player holds this track."""
    expect(page.get_by_role("region", name="Player").get_by_role("link", name=title)).to_be_visible()


def start_watching(page: Page) -> None:
    """Keep the page's audio elements where the test can see them."""
    page.add_init_script("""
        const Native = window.Audio;
        window.Audio = function (...rest) { return (window.__audio = new Native(...rest)); };
    """)


def played_s(page: Page) -> float:
    return float(page.evaluate("window.__audio?.currentTime ?? 0"))


def queued(page: Page) -> list[str]:
    """Ids of the tracks in the queue."""
    found: list[str] = page.evaluate("""Object.entries(localStorage).filter(([key]) => key.endsWith(":queue"))
        .flatMap(([, kept]) => JSON.parse(kept).tracks.map((track) => track.track))""")
    return found


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


def log_in_as_new(page: Page, address: str, store: Store, role: Role) -> str:
    """Log in as somebody new with this role; the name."""
    name = f"listener-{uuid.uuid4().hex[:8]}"
    store.listeners.add(name, hash_password("correct horse battery"), role, NOW)
    page.goto(f"{address}/log-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    return name


def assert_fits(page: Page) -> None:
    """Assert that nobody has to scroll the page sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def press_to(page: Page, role: str, name: str, *, key: str = "Tab", most: int = 80) -> None:
    """Press the key until this has the focus."""
    walk_to(page, page.get_by_role(role, name=name, exact=True).first, key=key, most=most)


def walk_to(page: Page, wanted: Locator, *, key: str = "Tab", most: int = 80) -> None:
    """Press the key until this has the focus, which is seen wherever it goes."""
    expect(wanted).to_be_attached()
    for _ in range(most):
        page.keyboard.press(key)
        assert_focus_is_seen(page)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the focus never came to {wanted}")


def assert_focus_is_seen(page: Page) -> None:
    """Assert that what has the focus, or its row, is outlined, and that neither player nor message lies over it."""
    fault = page.evaluate("""() => {
        const focused = document.activeElement;
        if (focused.matches("body, main")) return null;
        const frames = [focused, ...[".track", ".search-box", ".group-head"].map((frame) => focused.closest(frame))];
        const isOutlined = frames.filter(Boolean).some((frame) => {
            const { outlineStyle, outlineWidth } = getComputedStyle(frame);
            return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
        });
        if (!isOutlined) return `no outline: ${focused.outerHTML}`;
        const { top, bottom } = focused.getBoundingClientRect();
        const isOver = focused.closest("[data-player], [data-toast], dialog");
        const covered = isOver ? 0 : (document.querySelector("[data-player]")?.offsetHeight ?? 0);
        const message = focused.closest(".done") ? null : document.querySelector(".done")?.getBoundingClientRect();
        const isUnder = message && top >= message.top && bottom <= message.bottom;
        return isUnder || top < 0 || bottom > innerHeight - covered ? `out of sight: ${focused.outerHTML}` : null;
    }""")
    assert fault is None, f"{page.url}: {fault}"
