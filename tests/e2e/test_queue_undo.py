"""What is done to the queue is taken back, and nothing else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import expect_current, play, sign_up
from tests.e2e.browsing import queued as kept_queue
from tests.e2e.test_player import queued

pytestmark = pytest.mark.browser


def test_queue_that_was_arranged_by_hand_comes_back_where_another_list_replaced_it(listener: Page) -> None:
    play(listener, "Ivory")
    play(listener, "Caribbean")
    expect(listener.get_by_role("alert")).to_be_hidden()  # a list that was only played is no work
    row = listener.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Add to the queue").click()
    before = kept_queue(listener)
    listener.reload()
    play(listener, "Ivory")
    alert = listener.get_by_role("alert")
    expect(alert).to_contain_text("in place of yours")
    assert kept_queue(listener) != before
    alert.get_by_role("button", name="Undo").click()
    expect_current(listener, "Caribbean")
    assert kept_queue(listener) == before


def test_way_back_stays_until_it_is_taken_and_a_message_without_one_goes(page: Page, address: str) -> None:
    page.clock.install()
    sign_up(page, address)
    alert = page.get_by_role("alert")
    play(page, "Gone")
    expect(alert).to_contain_text("Gone by Zappa can't be played: ")
    page.clock.fast_forward("00:15")
    expect(alert).to_be_hidden()
    play(page, "Caribbean")
    page.get_by_role("button", name="Queue", exact=True).click()
    before = queued(page)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Remove Windows")).click()
    page.keyboard.press("Escape")
    page.clock.fast_forward("10:00")
    page.get_by_role("button", name="Next track").click()
    expect_current(page, before[before.index("Caribbean") + 1])
    alert.get_by_role("button", name="Undo").click()
    expect(alert).to_be_hidden()
    expect_current(page, before[before.index("Caribbean") + 1])
    page.get_by_role("button", name="Queue", exact=True).click()
    assert queued(page) == before


def test_way_back_is_withdrawn_where_another_list_becomes_the_queue(listener: Page) -> None:
    alert = listener.get_by_role("alert")
    panel = listener.get_by_role("dialog", name="Queue")
    play(listener, "Ivory")
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel.get_by_role("button", name=re.compile("^Remove Windows")).click()
    listener.keyboard.press("Escape")
    expect(alert).to_contain_text("Removed from the queue.")
    play(listener, "Caribbean")
    expect(alert).to_be_hidden()
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel.get_by_role("button", name="Clear the queue").click()
    expect(alert).to_contain_text("The queue is empty now.")
    play(listener, "Ivory")
    expect(alert).to_be_hidden()
    expect_current(listener, "Ivory")


def test_track_that_was_taken_out_comes_back_beside_the_one_it_stood_behind(listener: Page) -> None:
    play(listener, "Windows")
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel = listener.get_by_role("dialog", name="Queue")
    panel.get_by_role("button", name=re.compile("^Remove Ivory")).click()
    panel.get_by_role("button", name=re.compile("^Move Caribbean .*up$")).click()
    moved = queued(listener)
    panel.get_by_role("button", name="Undo").click()
    place = moved.index("Caribbean") + 1
    arranged = [*moved[:place], "Ivory", *moved[place:]]
    assert queued(listener) == arranged
    expect_current(listener, "Windows")
    panel.get_by_role("button", name=re.compile("^Remove Windows")).click()
    panel.get_by_role("button", name="Undo").click()
    assert queued(listener) == arranged
    expect_current(listener, "Windows")  # it was the current one, and nothing else has come since
    panel.get_by_role("button", name=re.compile("^Remove Windows")).click()
    panel.get_by_role("button", name=re.compile("^Play Far away")).click()
    panel.get_by_role("button", name="Undo").click()
    assert queued(listener) == arranged
    expect_current(listener, "Far away")


def test_queue_that_was_arranged_by_hand_comes_back_where_an_undo_replaced_it(listener: Page) -> None:
    def arrange(title: str) -> list[str]:
        row = listener.locator(".track", has_text=title)
        row.locator("summary").click()
        row.get_by_role("button", name="Add to the queue").click()
        return kept_queue(listener)

    alert = listener.get_by_role("alert")
    play(listener, "Ivory")
    first = arrange("Far away")
    play(listener, "Caribbean")
    expect(alert).to_contain_text("in place of yours")
    listener.get_by_role("button", name="Queue", exact=True).click()
    panel = listener.get_by_role("dialog", name="Queue")
    panel.get_by_role("button", name=re.compile("^Move .* down$")).first.click()
    second = kept_queue(listener)
    panel.get_by_role("button", name="Close").first.click()
    alert.get_by_role("button", name="Undo").click()
    assert kept_queue(listener) == first
    expect(alert).to_contain_text("The queue from before is back")
    alert.get_by_role("button", name="Undo").click()
    assert kept_queue(listener) == second


def test_message_is_closed_by_escape(listener: Page) -> None:
    play(listener, "Ivory")
    row = listener.locator(".track", has_text="Far away")
    row.locator("summary").click()
    row.get_by_role("button", name="Play next").click()
    expect(listener.get_by_role("alert")).to_be_visible()
    listener.keyboard.press("Escape")
    expect(listener.get_by_role("alert")).to_be_hidden()
