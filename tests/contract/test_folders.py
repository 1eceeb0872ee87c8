"""What every MongoDB-protocol server must do for folders."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import replace
from typing import Any

import pytest

from earwise.errors import StoreError
from earwise.listing import Listing
from earwise.paths import LibraryPath
from earwise.store import Store, folder_documents
from earwise.store.folders import FileEntry, Folder, Folders

ENTRY = FileEntry(1000, 1_700_000_000_123_456_789, "mfcc-1", "ab" * 16)


def put(store: Store, path: bytes, root: str = "music", **files: FileEntry) -> Folder:
    folder = Folder(LibraryPath(root, path), {name.encode(): entry for name, entry in files.items()})
    store.folders.put(folder)
    return folder


def test_folder_comes_back_as_it_was_put(store: Store) -> None:
    files = {b"a.b$c.mp3": ENTRY, b"caf\xe9.mp3": FileEntry(0, 0), b"$set": FileEntry(2**40, -1)}
    folder = Folder(LibraryPath("music", b"caf\xe9/x"), files)
    store.folders.put(folder)
    assert store.folders.get(folder.location) == folder
    assert store.folders.get(LibraryPath("music", b"absent")) is None


def test_folders_of_a_root_come_in_the_order_of_their_bytes(store: Store) -> None:
    paths = [b"", b"Z", b"a", b"a b", b"a-b", b"a/b", b"a/b/c", b"b", b"longer than b", b"\x7f", b"\x80", b"\xff\xff"]
    for path in random.Random(1).sample(paths, len(paths)):
        put(store, path, x=ENTRY)
        put(store, path, "other", x=ENTRY)
    assert [folder.location for folder in store.folders.read_root("music")] == [
        LibraryPath("music", path) for path in sorted(paths)
    ]


def test_roots_beside_some_are_those_that_have_folders(store: Store) -> None:
    assert store.folders.roots_beside([]) == []
    for root in ("vinyl", "cds", "tapes", "cds"):
        put(store, b"a", root, x=ENTRY)
    assert store.folders.roots_beside([]) == ["cds", "tapes", "vinyl"]
    assert store.folders.roots_beside(["tapes", "absent"]) == ["cds", "vinyl"]
    assert store.folders.roots_beside(name for name in ("vinyl", "cds", "tapes")) == []


def test_removed_folder_is_gone(store: Store) -> None:
    folder = put(store, b"a", x=ENTRY)
    put(store, b"b", x=ENTRY)
    store.folders.remove(folder.location)
    assert [known.location.path for known in store.folders.read_root("music")] == [b"b"]


def test_entry_is_written_and_others_are_left_alone(store: Store) -> None:
    pending = FileEntry(1, 2)
    folder = put(store, b"a", x=pending, y=pending)
    done = replace(pending, analysed_version="mfcc-1", track_id="ab" * 16)
    store.folders.put_entries(folder.location, {b"x": done})
    assert store.folders.get(folder.location).files == {b"x": done, b"y": pending}


def test_files_that_are_let_wait_are_told_from_absent_ones_and_from_those_that_waited(store: Store) -> None:
    waiting = replace(ENTRY, analysed_version=None)
    folder = put(store, b"a", x=ENTRY, y=waiting, z=ENTRY)
    assert store.folders.let_wait(folder.location, [b"x", b"y", b"absent"]) == ({b"x", b"y"}, 1)
    assert store.folders.get(folder.location).files == {b"x": waiting, b"y": waiting, b"z": ENTRY}
    assert store.folders.let_wait(folder.location, []) == (frozenset(), 0)
    assert store.folders.let_wait(LibraryPath("music", b"gone"), [b"x"]) == (frozenset(), 0)


def test_files_that_are_let_go_are_known_for_that_until_they_are_analysed_again(store: Store) -> None:
    folder = put(store, b"a", x=ENTRY, y=ENTRY)
    store.folders.let_leave(folder.location, [b"x", b"absent"])
    leaving = replace(ENTRY, analysed_version=None, is_leaving=True)
    assert store.folders.get(folder.location).files == {b"x": leaving, b"y": ENTRY}
    assert store.folders.let_wait(folder.location, [b"x"]) == ({b"x"}, 0)
    assert store.folders.get(folder.location).files[b"x"] == leaving
    store.folders.put_entries(folder.location, {b"x": replace(leaving, analysed_version="mfcc-1")})
    assert store.folders.get(folder.location).files[b"x"] == replace(ENTRY, analysed_version="mfcc-1")
    store.folders.let_leave(folder.location, [])
    store.folders.let_leave(LibraryPath("music", b"gone"), [b"x"])


def test_entry_of_a_file_that_changed_meanwhile_stays_pending(store: Store) -> None:
    folder = put(store, b"a", x=FileEntry(1, 3))
    store.folders.put_entries(folder.location, {b"x": FileEntry(1, 2, "mfcc-1", "ab" * 16)})
    assert store.folders.get(folder.location).files == {b"x": FileEntry(1, 3)}


def test_entry_of_a_file_that_vanished_meanwhile_is_not_made(store: Store) -> None:
    folder = put(store, b"a", y=ENTRY)
    store.folders.put_entries(folder.location, {b"x": ENTRY})
    store.folders.put_entries(LibraryPath("music", b"gone"), {b"x": ENTRY})
    store.folders.put_entries(folder.location, {})
    assert [known.files for known in store.folders.read_root("music")] == [{b"y": ENTRY}]


@pytest.fixture
def small_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_documents, "FILES_PER_DOCUMENT", 3)


def entries(count: int, version: str | None = None) -> dict[bytes, FileEntry]:
    return {b"%03d" % number: FileEntry(number, 2 * number, version) for number in range(count)}


@pytest.mark.usefixtures("small_documents")
def test_large_folder_is_divided_and_comes_back_whole(store: Store) -> None:
    put(store, b"a", x=ENTRY)
    put(store, b"c", x=ENTRY)
    folder = Folder(LibraryPath("music", b"b"), entries(10))
    store.folders.put(folder)
    assert store.folders.get(folder.location) == folder
    assert [len(known.files) for known in store.folders.read_root("music")] == [1, 10, 1]
    listed = [known.listing for known in store.folders.read_listings("music")]
    assert listed[1] == Listing.of(folder.files)


@pytest.mark.usefixtures("small_documents")
@pytest.mark.parametrize("count", [0, 2, 3, 4, 7, 12])
def test_large_folder_that_grew_or_shrank_leaves_nothing_behind(store: Store, database_name: str, count: int) -> None:
    folder = Folder(LibraryPath("music", b"b"), entries(8))
    store.folders.put(folder)
    changed = Folder(folder.location, entries(count))
    store.folders.put(changed)
    assert store.folders.get(folder.location) == changed
    assert store.client[database_name]["folders"].count_documents({}) == max(1, -(-count // 3))
    store.folders.remove(folder.location)
    assert store.client[database_name]["folders"].count_documents({}) == 0


@pytest.mark.usefixtures("small_documents")
def test_entries_of_a_large_folder_are_written_where_they_are(store: Store) -> None:
    folder = Folder(LibraryPath("music", b"b"), entries(10))
    store.folders.put(folder)
    done = {
        name: replace(entry, analysed_version="mfcc-1", track_id=f"{entry.size_bytes:032}")
        for name, entry in entries(10).items()
        if entry.size_bytes in (0, 4, 9)
    }
    store.folders.put_entries(folder.location, done)
    assert store.folders.get(folder.location).files == {**folder.files, **done}


@pytest.mark.usefixtures("small_documents")
@pytest.mark.parametrize("known", [0, 2, 8])
def test_large_folder_whose_writing_was_broken_off_is_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    before = Folder(LibraryPath("music", b"b"), entries(known))
    if known:
        store.folders.put(before)
    after = Folder(before.location, entries(11))
    write, written = Folders._write, list[int]()

    def break_off(repository: Folders, documents: list[dict[str, Any]], *, are_new: bool) -> None:
        if written:
            raise StoreError("MongoDB did not answer.")
        written.append(len(documents))
        write(repository, documents, are_new=are_new)

    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(Folders, "_write", break_off)
        store.folders.put(after)
    assert store.folders.get(before.location) == (before if known else None)
    assert [each.files for each in store.folders.read_root("music")] == ([before.files] if known else [])
    store.folders.put(after)
    assert [each.files for each in store.folders.read_root("music")] == [after.files]


def test_many_new_and_known_folders_are_written_together(store: Store) -> None:
    location = LibraryPath("music", b"b")
    store.folders.put(Folder(location, entries(2)))
    many = [Folder(LibraryPath("music", b"%d" % number), entries(3)) for number in range(5)]
    store.folders.put_many([*many, Folder(location, entries(1))])
    assert list(store.folders.read_root("music")) == [*many, Folder(location, entries(1))]
    store.folders.put_many([])


def test_folder_written_before_there_were_columns_is_known_and_goes_on(store: Store, database_name: str) -> None:
    location = LibraryPath("music", b"a")
    put(store, b"", x=ENTRY)
    early = {
        "_id": location.key,
        "root": "music",
        "path": location.path,
        "order": "a",
        "display": "a",
        "files": {name.hex(): dataclasses.asdict(entry) for name, entry in entries(3).items()},
    }
    store.client[database_name]["folders"].insert_one(early)
    listed = list(store.folders.read_listings("music"))
    assert [(known.location.path, len(known.listing)) for known in listed] == [(b"", 1), (b"a", 3)]
    assert [known.files for known in store.folders.read_root("music")][1] == entries(3)
    done = replace(entries(3)[b"001"], analysed_version="mfcc-1", track_id="ab" * 16)
    store.folders.put_entries(location, {b"001": done})
    assert store.folders.get(location).files == {**entries(3), b"001": done}
