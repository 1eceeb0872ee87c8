"""What every MongoDB-protocol server must do for look-ups: a collection's indexes are there before its first query."""

from __future__ import annotations

from dataclasses import fields

from earwise.store import Store


def test_no_repository_is_left_out(store: Store, database_name: str) -> None:
    database = store.client[database_name]
    before = {name: set(database[name].index_information()) for name in database.list_collection_names()}
    assert "has_unread_1" in before["catalogue"]
    for field in fields(store):
        if field.name != "client" and hasattr(repository := getattr(store, field.name), "create_indexes"):
            repository.create_indexes()
    assert {name: set(database[name].index_information()) for name in database.list_collection_names()} == before
