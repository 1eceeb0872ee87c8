"""Commands that need the store and nothing else of the stack."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from earwise.embedded.home import hold_home
from earwise.embedded.home_store import open_home_store
from earwise.errors import EarwiseError, ModelNotFoundError
from earwise.settings import Settings


def test_store_of_a_home_that_is_at_rest_is_started_and_stopped_again(tmp_path: Path) -> None:
    settings = dataclasses.replace(Settings(), home=tmp_path)
    (tmp_path / "mongo" / "secantusdb").mkdir(parents=True)
    (tmp_path / "mongo" / "secantusdb" / "begun").touch()
    ids = []
    for number in range(2):
        with open_home_store(settings) as (_, store):
            store.client["earwise"]["probe"].insert_one({"_id": number})
            ids = [found["_id"] for found in store.client["earwise"]["probe"].find()]
    assert ids == [0, 1]


def test_home_without_a_store_says_what_makes_one(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelNotFoundError, match=r"\./run analyses"),
        open_home_store(dataclasses.replace(Settings(), home=tmp_path)),
    ):
        pass


def test_home_that_another_start_is_busy_with_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mongo" / "secantusdb").mkdir(parents=True)
    (tmp_path / "mongo" / "secantusdb" / "begun").touch()
    with (
        hold_home(tmp_path),
        pytest.raises(EarwiseError, match="Another"),
        open_home_store(dataclasses.replace(Settings(), home=tmp_path)),
    ):
        pass


def test_given_store_is_used_as_it_is(tmp_path: Path, mongo_uri: str) -> None:
    settings = dataclasses.replace(Settings(), home=tmp_path, mongo_uri=mongo_uri)
    with open_home_store(settings) as (_, store):
        store.ping()
