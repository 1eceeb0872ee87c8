"""What every MongoDB-protocol server must do for folders."""

from __future__ import annotations

import random
from dataclasses import replace

from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.folders import FileEntry, Folder

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


def test_roots_are_those_that_have_folders(store: Store) -> None:
    assert store.folders.roots() == []
    put(store, b"a", "vinyl", x=ENTRY)
    put(store, b"a", "cds", x=ENTRY)
    put(store, b"b", "cds", x=ENTRY)
    assert store.folders.roots() == ["cds", "vinyl"]


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
