"""What every MongoDB-protocol server must do for access tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from earwise.errors import TooManyTokensError
from earwise.store import Store
from earwise.store.listeners import Role
from earwise.store.tokens import MOST_TOKENS
from tests.web.seeding import NOW


@pytest.fixture
def mira(store: Store) -> str:
    return store.listeners.add("mira", "hash", Role.LISTENER, NOW).listener_id


def test_token_is_its_owners_until_it_is_revoked(store: Store, mira: str) -> None:
    shown = store.tokens.create(mira, "phone", NOW)
    found = store.tokens.find_owner(shown, NOW)
    assert found is not None
    assert found.listener_id == mira
    (token,) = store.tokens.of(mira)
    assert token.name == "phone"
    assert not store.tokens.revoke("somebody else", token.token_id)
    assert store.tokens.revoke(mira, token.token_id)
    assert store.tokens.find_owner(shown, NOW) is None
    assert store.tokens.of(mira) == []


def test_what_is_shown_is_nowhere_in_the_store(store: Store, mira: str, database_name: str) -> None:
    secret = store.tokens.create(mira, "phone", NOW).rpartition("_")[2]
    database = store.client[database_name]
    assert secret not in str([list(database[name].find()) for name in database.list_collection_names()])
    (exported,) = store.personal.documents(mira, "tokens")
    assert set(exported) == {"_id", "name", "created_at", "used_at"}


@pytest.mark.parametrize("change", [lambda s: s[:-1] + "0f"[s[-1] == "0"], lambda s: s + "0", lambda s: "", str.upper])
def test_what_only_looks_like_a_token_is_nobodys(store: Store, mira: str, change: object) -> None:
    shown = store.tokens.create(mira, "phone", NOW)
    assert callable(change)
    assert store.tokens.find_owner(change(shown), NOW) is None


def test_token_of_an_account_that_is_gone_is_nobodys(store: Store, mira: str) -> None:
    shown = store.tokens.create(mira, "phone", NOW)
    store.personal.erase(mira)
    assert store.tokens.find_owner(shown, NOW) is None


def test_last_use_is_noted_every_five_minutes(store: Store, mira: str) -> None:
    shown = store.tokens.create(mira, "phone", NOW)
    assert store.tokens.of(mira)[0].used_at is None
    for minutes, noted in ((0, 0), (4, 0), (6, 6)):
        store.tokens.find_owner(shown, NOW + timedelta(minutes=minutes))
        assert store.tokens.of(mira)[0].used_at == NOW + timedelta(minutes=noted)


def test_an_account_has_so_many_tokens_and_no_more(store: Store, mira: str) -> None:
    for number in range(MOST_TOKENS):
        store.tokens.create(mira, str(number), NOW)
    with pytest.raises(TooManyTokensError):
        store.tokens.create(mira, "one more", NOW)
