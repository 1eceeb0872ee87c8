"""What every MongoDB-protocol server must do when many documents are written at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from earwise.store import Store
from earwise.store.bulk import delete_found, insert_missing, put_documents


@pytest.fixture
def collection(store: Store, database_name: str):
    return store.client[database_name]["things"]


def test_new_documents_are_written_and_those_that_are_there_stand(collection) -> None:
    collection.insert_one({"_id": 3, "n": "old"})
    assert insert_missing(collection, [{"_id": number, "n": "new"} for number in range(6)]) == [{"_id": 3, "n": "new"}]
    assert {one["_id"]: one["n"] for one in collection.find()} == {n: "old" if n == 3 else "new" for n in range(6)}
    assert insert_missing(collection, []) == []


def test_documents_take_the_place_of_those_that_are_there(collection) -> None:
    for text in ("first", "second"):
        put_documents(collection, [{"_id": number, "n": text} for number in range(2_000)])
        assert collection.count_documents({"n": text}) == collection.count_documents({}) == 2_000


def test_other_refusals_are_not_hidden(store: Store, database_name: str) -> None:
    strict = store.client[database_name].create_collection("strict", validator={"$jsonSchema": {"required": ["n"]}})
    with pytest.raises(BulkWriteError):
        insert_missing(strict, [{"_id": 1, "n": 1}, {"_id": 2}])


def test_what_is_found_is_deleted_in_portions_and_nothing_else(
    collection, commands: Callable[[], list[tuple[str, Mapping[str, Any]]]]
) -> None:
    collection.insert_many([{"_id": number, "n": "old" if number % 3 else "new"} for number in range(900)])
    commands()
    assert delete_found(collection, {"n": "old"}) == 600
    asked = [len(command["deletes"][0]["q"]["_id"]["$in"]) for name, command in commands() if name == "delete"]
    assert asked == [25] * 24
    assert [one["_id"] for one in collection.find().sort("_id", 1)] == list(range(0, 900, 3))
    assert delete_found(collection, {"n": "old"}) == 0
