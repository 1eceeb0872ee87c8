"""What every MongoDB-protocol server must do for the quarantine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from earwise.paths import LibraryPath
from earwise.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
A, B, C = (LibraryPath("music", path) for path in (b"a.mp3", b"caf\xe9.mp3", b"c"))


def test_file_is_kept_with_what_is_wrong(store: Store) -> None:
    store.quarantine.put(B, "silent", "Nothing to hear.", NOW)
    (file,) = store.quarantine.recent(limit=5)
    assert (file.location, file.code, file.message, file.attempts) == (B, "silent", "Nothing to hear.", 1)
    assert (file.first_seen, file.last_seen) == (NOW, NOW)
    assert store.quarantine.get(B) == file
    assert store.quarantine.get(A) is None


def test_second_failure_counts_and_keeps_when_it_was_first_seen(store: Store) -> None:
    later = NOW + timedelta(days=1)
    store.quarantine.put(A, "silent", "Nothing to hear.", NOW)
    store.quarantine.put(A, "too_short", "Too short.", later)
    file = store.quarantine.get(A)
    assert file is not None
    assert (file.code, file.attempts, file.first_seen, file.last_seen) == ("too_short", 2, NOW, later)


def test_released_file_is_gone(store: Store) -> None:
    store.quarantine.put(A, "silent", "Nothing to hear.", NOW)
    store.quarantine.remove(A)
    store.quarantine.remove(B)
    assert store.quarantine.count() == 0


def test_files_are_counted_and_found_by_code(store: Store) -> None:
    for location, code in ((A, "silent"), (B, "silent"), (C, "unreadable_folder")):
        store.quarantine.put(location, code, "Wrong.", NOW)
    assert store.quarantine.count_by_code() == {"silent": 2, "unreadable_folder": 1}
    assert {file.location for file in store.quarantine.with_codes(["silent", "absent"])} == {A, B}
    assert store.quarantine.with_codes([]) == []


def test_newest_come_first_and_page(store: Store) -> None:
    for days, location in enumerate((A, B, C)):
        store.quarantine.put(location, "silent", "Wrong.", NOW + timedelta(days=days))
    assert [file.location for file in store.quarantine.recent(limit=2)] == [C, B]
    assert [file.location for file in store.quarantine.recent(skip=2, limit=2)] == [A]


def test_retry_stands_until_the_file_was_tried(store: Store) -> None:
    for location in (A, B, C):
        store.quarantine.put(location, "silent", "Wrong.", NOW)
    assert store.quarantine.request_retry(A.key) == 1
    assert store.quarantine.request_retry("f" * 24) == 0
    assert [(file.location, file.is_retry_requested) for file in store.quarantine.retries()] == [(A, True)]
    assert store.quarantine.request_retry() == 3
    store.quarantine.put(A, "silent", "Wrong again.", NOW)
    store.quarantine.forget_retry(B)
    assert [file.location for file in store.quarantine.retries()] == [C]
    assert not store.quarantine.get(A).is_retry_requested


def test_all_of_many_files_are_tried_again_by_few_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [LibraryPath("music", b"%d.mp3" % number) for number in range(310)]
    for file in files:
        store.quarantine.put(file, "silent", "Nothing to hear.", NOW)
    store.quarantine.request_retry(files[0].key)
    asked, update_many = list[int](), Collection.update_many

    def updating(collection: Any, query: dict[str, Any], *others: Any, **options: Any) -> Any:
        asked.append(len(query["_id"]["$in"]))
        return update_many(collection, query, *others, **options)

    monkeypatch.setattr(Collection, "update_many", updating)
    assert store.quarantine.request_retry() == 310
    assert (sum(asked), max(asked)) == (310, 150)
    assert store.quarantine.count_retries() == 310


def test_codes_of_certain_files_are_counted(store: Store) -> None:
    for location, code in ((A, "silent"), (B, "silent"), (C, "too_short")):
        store.quarantine.put(location, code, "Wrong.", NOW)
    assert store.quarantine.count_codes([A, C, LibraryPath("music", b"good.mp3")]) == {"silent": 1, "too_short": 1}
    assert store.quarantine.count_codes([]) == {}


def test_many_files_and_their_codes_are_found_by_few_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [LibraryPath("music", b"%d.mp3" % number) for number in range(310)]
    for file in files[:200]:
        store.quarantine.put(file, "silent", "Nothing to hear.", NOW)
    asked, find = list[int](), Collection.find

    def finding(collection: Any, query: dict[str, Any], *others: Any, **options: Any) -> Any:
        asked.append(len(query["_id"]["$in"]))
        return find(collection, query, *others, **options)

    monkeypatch.setattr(Collection, "find", finding)
    assert store.quarantine.count_codes([*files, files[0]]) == {"silent": 200}
    assert store.quarantine.those_of([*files, files[0]]) == frozenset(files[:200])
    assert (sum(asked), max(asked)) == (620, 150)
    assert store.quarantine.those_of([]) == frozenset()


def test_several_files_are_released_at_once(store: Store) -> None:
    files = [LibraryPath("music", name) for name in (b"a.mp3", b"b.mp3", b"c.mp3")]
    for file in files:
        store.quarantine.put(file, "not_audio", "No audio in this file.", NOW)
    store.quarantine.remove_many([*files[:2], LibraryPath("music", b"never there.mp3")])
    store.quarantine.remove_many([])
    assert [file.location for file in store.quarantine.recent(limit=10)] == files[2:]


def test_files_that_were_looked_for_in_vain_are_counted(store: Store) -> None:
    for location in (A, B):
        store.quarantine.put(location, "unreadable", "The system refuses it.", NOW)
    for days in (1, 2):
        store.quarantine.note_knocks([A, C], NOW + timedelta(days=days))
    store.quarantine.note_knocks([], NOW)
    looked_for, other = store.quarantine.get(A), store.quarantine.get(B)
    assert (looked_for.attempts, looked_for.knocks, looked_for.last_tried) == (1, 2, NOW + timedelta(days=2))
    assert (other.knocks, other.last_tried) == (0, NOW)
    assert store.quarantine.get(C) is None
    store.quarantine.put(A, "unreadable", "The system refuses it.", NOW + timedelta(days=3))
    tried = store.quarantine.get(A)
    assert (tried.attempts, tried.knocks, tried.last_tried) == (2, 0, NOW + timedelta(days=3)), "it was opened by then"
