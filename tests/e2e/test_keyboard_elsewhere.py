"""What is rarely done, by keyboard alone: the account, an admin's work, and ways through long lists."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from earwise.extraction.directory import refresh_directory
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.listeners import Role
from earwise.store.tracks import Tags
from tests.e2e.browsing import log_in_as_new, press_to, walk_to
from tests.web.seeding import NOW, seed_track

pytestmark = pytest.mark.browser


def test_password_is_changed_and_the_account_deleted_by_keyboard(reader: Page) -> None:
    press_to(reader, "link", f"Your account: {reader.locator('.account-name bdi').inner_text()}")
    reader.keyboard.press("Enter")
    walk_to(reader, reader.get_by_label("Password in use"))
    reader.keyboard.type("correct horse battery")
    for _ in range(2):
        reader.keyboard.press("Tab")
        reader.keyboard.type("another good password")
    reader.keyboard.press("Enter")
    expect(reader.locator(".done")).to_have_text(re.compile("Your password is changed."))
    walk_to(reader, reader.locator("#delete-password"))
    reader.keyboard.type("another good password")
    press_to(reader, "button", "Delete the account and all its data")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", name="Log in")).to_be_visible()


def test_admin_has_a_file_tried_again_by_keyboard(page: Page, address: str, database: tuple[Store, str]) -> None:
    store, _ = database
    for number in range(2):
        store.quarantine.put(LibraryPath("music", b"%d.mp3" % number), "silent", "Nothing to hear.", NOW)
    log_in_as_new(page, address, store, Role.ADMIN)
    press_to(page, "link", "Admin")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Admin")
    press_to(page, "link", "Quarantine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quarantine")
    press_to(page, "button", "Try again 1.mp3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Next run tries again")).to_have_count(1)
    press_to(page, "button", "Try all again", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Next run tries again")).to_have_count(2)


def test_artists_are_filtered_and_reached_by_their_letter_by_keyboard(
    reader: Page, address: str, database: tuple[Store, str]
) -> None:
    store, _ = database
    for number in range(70):
        seed_track(store, Tags(f"Air {number:02}", f"{chr(97 + number // 3)} band {number:02}"), path=b"a.mp3")
    refresh_directory(store)
    names = reader.locator(".shelf-name")
    press_to(reader, "link", "Browse")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("heading", level=1)).to_have_text("Browse")
    press_to(reader, "link", "X")
    reader.keyboard.press("Enter")
    expect(names.filter(has_text="x band 69")).to_be_visible()
    press_to(reader, "searchbox", "Words that the name begins with, or has")
    reader.keyboard.type("x ba")
    reader.keyboard.press("Enter")
    expect(names).to_have_text(["x band 69"])
    press_to(reader, "link", "Clear")
    reader.keyboard.press("Enter")
    expect(names).to_have_count(60)
