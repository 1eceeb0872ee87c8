"""Lists that go on, in a browser: what follows is shown where it begins."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.e2e.browsing import sign_up
from tests.web.seeding import seed_model, seed_track

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seed(database: tuple[Store, str], tracks: dict[str, str]) -> str:
    """A track with forty neighbours."""
    store, _ = database
    ids = [seed_track(store, Tags(f"Air {n}", f"Artist {n}"), path=b"a.mp3", duration_s=12) for n in range(60)]
    seed_model(store, ids, model_id="long", neighbours=40)
    return ids[0]


def test_what_is_asked_for_comes_into_view_and_has_the_focus(page: Page, address: str, seed: str) -> None:
    sign_up(page, address)
    page.goto(f"{address}/tracks/{seed}")
    rows = page.locator("li.track")
    expect(rows).to_have_count(25)
    page.get_by_role("link", name="Show more").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(40)
    first_of_them = page.locator("#rank-26")
    expect(first_of_them).to_be_focused()
    expect(first_of_them).to_be_in_viewport()
    expect(page.get_by_role("heading", level=1)).not_to_be_in_viewport()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#rank-26').contains(document.activeElement)")
    page.go_back()
    expect(rows).to_have_count(25)
