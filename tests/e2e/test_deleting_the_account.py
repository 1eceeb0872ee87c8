"""Deleting an account in a browser: the queue and settings that it keeps go with the account, and not before."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import expect_current, play, queued, sign_up, start_watching, wait_for_playing

pytestmark = pytest.mark.browser


def delete(page: Page, password: str) -> None:
    form = page.locator("form", has=page.get_by_role("button", name="Delete the account and all its data"))
    form.get_by_label("Password").fill(password)
    form.get_by_role("button").click()


def test_queue_is_kept_by_a_wrong_password_and_goes_with_the_account_in_every_tab(
    chromium: Browser, address: str, tracks: dict[str, str]
) -> None:
    with chromium.new_context() as context:
        page, other = context.new_page(), context.new_page()
        start_watching(page)
        sign_up(page, address)
        play(page, "Ivory")
        wait_for_playing(page)
        other.goto(f"{address}/playlists")
        kept = queued(page)
        page.locator(".account-name").click()
        delete(page, "a wrong one")
        expect(page.get_by_text("This is not your password.")).to_be_visible()
        assert queued(page) == kept
        assert not page.evaluate("window.__audio.paused")
        page.reload()
        expect_current(page, "Ivory")
        delete(page, "correct horse battery")
        for each in (page, other):
            expect(each.get_by_role("heading", name="Log in")).to_be_visible()
            assert each.evaluate("Object.keys(localStorage).filter(key => key.startsWith('earwise')).length") == 0
