"""Dumps: whole, rotating, and restored as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bson import ObjectId

from earwise.embedded.backup import KEPT, back_up, list_backups, restore_newest
from earwise.store import Store
from earwise.store.listeners import Role

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)


def fill(store: Store, database: str) -> list[dict[str, object]]:
    """Accounts, and a playlist with every kind of value; gives the playlists."""
    store.listeners.add("Sigur Rós", "hash", Role.LISTENER, NOW)
    document = {
        "_id": ObjectId(),
        "name": "night\nsongs \U0001f3b5",
        "tracks": ["a", "b"],
        "raw": b"\xff\x00",
        "at": NOW,
        "count": 2**40,
        "ratio": 0.1,
        "nothing": None,
    }
    store.client[database]["playlists"].insert_one(document)
    return [document]


def test_dump_is_restored_as_it_was(store: Store, database_name: str, tmp_path: Path) -> None:
    playlists = fill(store, database_name)
    assert back_up(store, database_name, tmp_path) is not None
    for name in ("users", "playlists"):
        store.client[database_name].drop_collection(name)
    restored = restore_newest(store, database_name, tmp_path)
    assert restored is not None
    assert restored[1] == 2
    assert list(store.client[database_name]["playlists"].find()) == playlists
    assert store.listeners.get_by_name("sigur ros") is not None


def test_restoring_twice_changes_nothing(store: Store, database_name: str, tmp_path: Path) -> None:
    fill(store, database_name)
    back_up(store, database_name, tmp_path)
    restore_newest(store, database_name, tmp_path)
    restore_newest(store, database_name, tmp_path)
    assert store.client[database_name]["users"].count_documents({}) == 1


def test_nothing_is_written_when_nothing_changed(store: Store, database_name: str, tmp_path: Path) -> None:
    assert back_up(store, database_name, tmp_path) is None
    fill(store, database_name)
    assert back_up(store, database_name, tmp_path) is not None
    assert back_up(store, database_name, tmp_path) is None
    assert len(list_backups(tmp_path)) == 1


def test_only_the_newest_dumps_are_kept(store: Store, database_name: str, tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        store.listeners.add(f"listener {number}", "hash", Role.LISTENER, NOW)
        back_up(store, database_name, tmp_path)
    backups = list_backups(tmp_path)
    assert len(backups) == KEPT
    assert len((backups[-1] / "users.jsonl").read_text().splitlines()) == KEPT + 3


def test_dumps_are_private(store: Store, database_name: str, tmp_path: Path) -> None:
    fill(store, database_name)
    folder = back_up(store, database_name, tmp_path)
    assert folder is not None
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


@pytest.mark.parametrize("damage", ["{", "[]\n", "\x00\x01", '{"name": "without an id"}\n'])
def test_damaged_dump_gives_way_to_the_one_before(
    store: Store, database_name: str, tmp_path: Path, damage: str
) -> None:
    fill(store, database_name)
    first = back_up(store, database_name, tmp_path)
    store.listeners.add("Ada", "hash", Role.LISTENER, NOW)
    second = back_up(store, database_name, tmp_path)
    assert second is not None
    (second / "users.jsonl").write_text(damage)
    restored = restore_newest(store, database_name, tmp_path)
    assert restored is not None
    assert restored[0] == first


def test_dump_that_was_broken_off_is_not_taken_for_one(store: Store, database_name: str, tmp_path: Path) -> None:
    (tmp_path / "backups" / ".unfinished").mkdir(parents=True)
    (tmp_path / "backups" / ".unfinished" / "users.jsonl").write_text("{")
    assert list_backups(tmp_path) == []
    assert restore_newest(store, database_name, tmp_path) is None
    fill(store, database_name)
    assert back_up(store, database_name, tmp_path) is not None
