"""Listings put together folder by folder on a disk that may be full."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from earwise.errors import LibraryError
from earwise.roots.listing import ListedFile, group_by_folder

FILES = [ListedFile(b"Some Artist/%05d.mp3" % number, 1, 1) for number in range(5_000)]


def test_full_disk_for_the_sorting_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def connect_to_a_small_disk(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        database.execute("PRAGMA max_page_count = 10")
        return database

    monkeypatch.setattr(sqlite3, "connect", connect_to_a_small_disk)
    monkeypatch.setenv("TMPDIR", "/small")
    with pytest.raises(LibraryError, match=r"in /small: database or disk is full\. Nothing was changed; make room"):
        list(group_by_folder(FILES, lambda path: True))
    assert len(list(group_by_folder(FILES[:10], lambda path: True))) == 1


def test_fault_of_the_listing_itself_is_told_as_it_is() -> None:
    def broken() -> Any:
        yield FILES[0]
        raise LibraryError("The library's bucket s3://music can't be listed.")

    with pytest.raises(LibraryError, match="bucket s3://music"):
        list(group_by_folder(broken(), lambda path: True))
