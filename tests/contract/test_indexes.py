"""What every MongoDB-protocol server must do for look-ups: a collection's indexes are there before its first query."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from earwise.paths import LibraryPath
from earwise.store import Store

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_no_repository_is_left_out(store: Store, database_name: str) -> None:
    database = store.client[database_name]
    before = {name: set(database[name].index_information()) for name in database.list_collection_names()}
    assert "has_unread_1" in before["catalogue"]
    for field in fields(store):
        if field.name != "client" and hasattr(repository := getattr(store, field.name), "create_indexes"):
            repository.create_indexes()
    assert {name: set(database[name].index_information()) for name in database.list_collection_names()} == before


def test_index_whose_building_was_broken_off_is_built_again(store: Store, database_name: str) -> None:
    database = store.client[database_name]
    store.quarantine.put(LibraryPath("music", b"a.mp3"), "silent", "Nothing to hear.", NOW)
    database["quarantine"].drop_index("code_1")
    database["quarantine"].create_index("path", name="code_1")  # what is there under its name is not it
    for name in ("quarantine code_1", "tracks of_another_version_1"):
        database["index_builds"].insert_one({"_id": name})
    store.create_indexes()
    assert database["quarantine"].index_information()["code_1"]["key"] == [("code", 1)]
    assert list(database["index_builds"].find()) == []


def test_index_that_somebody_is_building_is_left_to_be_built(store: Store, database_name: str) -> None:
    database = store.client[database_name]
    note = {"_id": "quarantine code_1", "begun_at": datetime.now(UTC)}
    database["index_builds"].insert_one(note)
    store.create_indexes()
    assert "code_1" in database["quarantine"].index_information()
    assert database["index_builds"].find_one() is not None
    store.create_indexes(is_server_new=True)
    assert "code_1" in database["quarantine"].index_information()
    assert database["index_builds"].find_one() is None
