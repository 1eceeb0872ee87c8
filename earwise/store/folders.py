"""Folders: what the last scan saw, and what became of each file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby, islice, pairwise
from typing import Any

from pymongo import ASCENDING, ReplaceOne
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.folder_documents import (
    FileEntry,
    Folder,
    ListedFolder,
    current_documents,
    is_early,
    listing_of,
    location_of,
    to_documents,
    to_folder,
    version_of,
)
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors

_READ_BATCH = 500
_ORDER = [("root", ASCENDING), ("order", ASCENDING), ("part", ASCENDING)]
_LISTED = {"root": 1, "path": 1, "part": 1, "listing": 1, "names": 1, "stats": 1, "files": 1}

__all__ = ["FileEntry", "Folder", "Folders", "ListedFolder"]


class Folders:
    """The ``folders`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._folders = database["folders"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that `read_root` uses."""
        ensure_index(self._folders, _ORDER)

    def read_root(self, root: str, below: bytes = b"") -> Iterator[Folder]:
        """All folders of a root, or a folder of it and all below that, in order of their path's bytes."""
        for documents in self._read(root, below, None):
            yield to_folder(documents)

    def read_listings(self, root: str, below: bytes = b"") -> Iterator[ListedFolder]:
        """The same folders as the last scan saw them, without what became of their files."""
        for documents in self._read(root, below, _LISTED):
            yield ListedFolder(location_of(documents[0]), listing_of(documents))

    @translated_errors()
    def roots_beside(self, names: Iterable[str]) -> list[str]:
        """Names of the roots that have folders here and are none of these."""
        known, found = list(names), list[str]()
        while (name := self._root_beside([*known, *found])) is not None:
            found.append(name)
        return sorted(found)

    def _root_beside(self, names: Iterable[str]) -> str | None:
        # By ranges of the index: grouping, and all that is not a range, has the embedded server read every folder.
        for low, high in pairwise([None, *sorted(names), None]):
            within = {sign: name for sign, name in (("$gt", low), ("$lt", high)) if name is not None}
            if document := self._folders.find_one({"root": within} if within else {}, {"root": 1}):
                return str(document["root"])
        return None

    @translated_errors()
    def get(self, location: LibraryPath) -> Folder | None:
        """One folder as the last scan saw it."""
        documents = self._get_documents(location)
        return to_folder(documents) if documents else None

    def put(self, folder: Folder) -> None:
        """Write a folder and all its files."""
        self.put_many([folder])

    @translated_errors()
    def put_many(self, folders: Iterable[Folder]) -> None:
        """Write several folders and all their files."""
        written = [to_documents(folder) for folder in folders]
        keys = [documents[0]["_id"] for documents in written]
        known = {head["_id"]: head.get("parts", 1) for head in self._folders.find({"_id": {"$in": keys}}, {"parts": 1})}
        for _, *others in written:
            self._write(others, are_new=False)
        heads = [documents[0] for documents in written]
        self._write([head for head in heads if head["_id"] in known], are_new=False)
        self._write([head for head in heads if head["_id"] not in known], are_new=True)
        for head in heads:
            if max(known.get(head["_id"], 1), head["parts"]) > 1:
                found = self._folders.find(_place(location_of(head)), {"listing": 1})
                stale = [document["_id"] for document in found if document["listing"] != head["listing"]]
                self._folders.delete_many({"_id": {"$in": stale}})

    def _write(self, documents: list[dict[str, Any]], *, are_new: bool) -> None:
        # Inserting costs the embedded server a quarter of replacing what may be there.
        if documents and are_new:
            self._folders.insert_many(documents)
        elif documents:
            replacements = [ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in documents]
            self._folders.bulk_write(replacements)

    @translated_errors()
    def remove(self, location: LibraryPath) -> None:
        """Forget a folder."""
        self._folders.delete_many(_place(location))

    @translated_errors()
    def put_entries(self, location: LibraryPath, entries: Mapping[bytes, FileEntry]) -> None:
        """Write what was found in some files of a folder.

        A file whose size or mtime the scan has meanwhile seen to change keeps its new entry, and stays pending.
        """
        for document in self._get_documents(location) if entries else []:
            changes: dict[str, str | None] = {}
            for place, (name, size_bytes, mtime_ns) in enumerate(listing_of([document]).unpack()):
                entry = entries.get(name)
                if entry is not None and (entry.size_bytes, entry.mtime_ns) == (size_bytes, mtime_ns):
                    changes[f"versions.{place}"] = version_of(entry)
                    changes[f"tracks.{place}"] = entry.track_id
            if changes:
                # While the listing is the same, so are the places; else the scan has been here since they were read.
                unchanged = {"_id": document["_id"], "listing": document["listing"]}
                self._folders.update_one(unchanged, {"$set": changes})

    def let_wait(self, location: LibraryPath, names: Collection[bytes]) -> tuple[frozenset[bytes], int]:
        """Let files of a folder wait to be analysed again.

        Returns
        -------
        tuple of frozenset of bytes and int
            The names that the folder holds, and how many of them had not waited before.
        """
        held = self._held(location, names)
        waiting = {
            name: replace(entry, analysed_version=None)
            for name, entry in held.items()
            if entry.analysed_version is not None
        }
        self.put_entries(location, waiting)
        return frozenset(held), len(waiting)

    def let_leave(self, location: LibraryPath, names: Collection[bytes]) -> None:
        """Note that files of a folder are gone for good; should they be back, they wait to be analysed again."""
        held = self._held(location, names)
        leaving = {name: replace(entry, analysed_version=None, is_leaving=True) for name, entry in held.items()}
        self.put_entries(location, {name: entry for name, entry in leaving.items() if entry != held[name]})

    def _held(self, location: LibraryPath, names: Collection[bytes]) -> dict[bytes, FileEntry]:
        folder = self.get(location) if names else None
        return {name: folder.files[name] for name in names if name in folder.files} if folder else {}

    def _read(self, root: str, below: bytes, projection: Mapping[str, int] | None) -> Iterator[list[dict[str, Any]]]:
        with translated_errors():
            found = self._folders.find({"root": root, **_below(below)}, projection).sort(_ORDER).batch_size(_READ_BATCH)
            for _, documents in groupby(_read_ahead(found), key=lambda document: document["path"]):
                if current := current_documents(documents):
                    yield current

    def _get_documents(self, location: LibraryPath) -> list[dict[str, Any]]:
        found = list(self._folders.find(_place(location)).sort(_ORDER))
        current = current_documents(found)
        if current and is_early(found[0]):
            self.put(to_folder(current))
        return current


def _read_ahead(documents: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Let the server prepare the next documents while these are compared: a scan takes two thirds of the time."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(lambda: list(islice(documents, _READ_BATCH)))
        while read := coming.result():
            coming = reader.submit(lambda: list(islice(documents, _READ_BATCH)))
            yield from read


def _below(path: bytes) -> dict[str, Any]:
    if not path:
        return {}
    order = path.decode("latin-1")
    # What begins with the path and a slash comes before what begins with it and the character after the slash.
    return {"$or": [{"order": order}, {"order": {"$gte": f"{order}/", "$lt": f"{order}0"}}]}


def _place(location: LibraryPath) -> dict[str, str]:
    # By the index of `_ORDER`, the one way to all documents of a folder that reads no other.
    return {"root": location.root, "order": location.path.decode("latin-1")}
