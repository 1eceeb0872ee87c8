"""What every MongoDB-protocol server must do for accounts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from earwise.errors import DuplicateError
from earwise.store import Store
from earwise.store.listeners import Listener, Role

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def add(store: Store, name: str, role: Role = Role.LISTENER) -> Listener:
    return store.listeners.add(name, f"hash of {name}", role, NOW)


def test_account_comes_back_by_id_and_by_name(store: Store) -> None:
    added = add(store, "Björk")
    assert store.listeners.get(added.listener_id) == added
    assert store.listeners.get_by_name("bjork") == added
    assert store.listeners.get("unknown") is None
    assert store.listeners.get_by_name("unknown") is None


@pytest.mark.parametrize("again", ["Björk", "bjork", "BJÖRK"])
def test_name_is_taken_however_it_is_typed(store: Store, again: str) -> None:
    add(store, "Björk")
    with pytest.raises(DuplicateError):
        add(store, again)


def test_of_many_who_want_a_name_at_once_one_gets_it(store: Store) -> None:
    def try_to_add(number: int) -> bool:
        try:
            store.listeners.add("wanted", f"hash {number}", Role.LISTENER, NOW)
        except DuplicateError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to_add, range(16))) == 1


def test_there_is_an_admin_only_once_one_was_added(store: Store) -> None:
    add(store, "listener")
    assert not store.listeners.has_admin()
    add(store, "admin", Role.ADMIN)
    assert store.listeners.has_admin()


def test_renewed_password_hash_replaces_the_old_one_of_that_account_alone(store: Store) -> None:
    first, second = add(store, "first"), add(store, "second")
    store.listeners.set_password_hash(first.listener_id, "renewed")
    assert store.listeners.get_by_name("first").password_hash == "renewed"
    assert store.listeners.get(second.listener_id) == second


def test_session_is_good_until_it_is_ended(store: Store) -> None:
    mira = store.listeners.add("Mira", "hash", Role.LISTENER, NOW)
    first, second = (store.listeners.begin_session(mira.listener_id) for _ in range(2))
    assert store.listeners.get(mira.listener_id).sessions == {first, second}
    store.listeners.end_session(mira.listener_id, first)
    assert store.listeners.get(mira.listener_id).sessions == {second}


def test_newest_fifty_sessions_are_kept(store: Store) -> None:
    mira = store.listeners.add("Mira", "hash", Role.LISTENER, NOW)
    begun = [store.listeners.begin_session(mira.listener_id) for _ in range(53)]
    assert store.listeners.get(mira.listener_id).sessions == set(begun[3:])
