"""What every MongoDB-protocol server must do for counting attempts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from earwise.store import Store

NOW = datetime(2026, 1, 31, 12, 3, tzinfo=UTC)


def count(store: Store, key: str = "a", now: datetime = NOW) -> int:
    return store.attempts.count(key, window_s=600, now=now).number


def test_attempts_are_counted_for_each_key_from_the_first_on(store: Store) -> None:
    assert [count(store), count(store), count(store, "b")] == [1, 2, 1]
    found = store.attempts.count("a", window_s=600, now=NOW + timedelta(seconds=599))
    assert (found.number, found.ends_at) == (3, NOW + timedelta(seconds=600))
    assert count(store, now=NOW + timedelta(seconds=600)) == 1


def test_of_many_attempts_at_once_each_has_its_own_number(store: Store) -> None:
    count(store, now=NOW - timedelta(hours=1))
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: count(store), range(40))) == list(range(1, 41))


def test_forgiven_attempt_does_not_count(store: Store) -> None:
    count(store)
    for _ in range(3):
        store.attempts.forgive("a")
    assert count(store) == 1


def test_windows_that_are_over_are_swept_out(store: Store, database_name: str) -> None:
    for number in range(5):
        count(store, f"key {number}")
    count(store, "key 0", now=NOW + timedelta(hours=1))
    assert store.client[database_name]["attempts"].count_documents({}) == 1
