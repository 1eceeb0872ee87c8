"""Folders: what the last scan saw, one document per folder of a root.

Each file's entry carries the ``feature_version`` it was analysed in. A file is pending while that is not the current
one: new, changed and interrupted files all look the same, and a run that was killed is taken up by the next.
``files`` is keyed by the hexadecimal file name, since a name is bytes and may hold dots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.translation import translated_errors


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What is known of one file.

    Attributes
    ----------
    analysed_version : str or None
        The ``feature_version`` this size and mtime were analysed in, to a track or to quarantine; None if not yet.
    track_id : str or None
        The track that the file was last found to hold.
    """

    size_bytes: int
    mtime_ns: int
    analysed_version: str | None = None
    track_id: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and the audio files directly in it, by name."""

    location: LibraryPath
    files: Mapping[bytes, FileEntry] = field(default_factory=dict)


class Folders:
    """The ``folders`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._folders = database["folders"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that `read_root` uses."""
        self._folders.create_index([("root", ASCENDING), ("order", ASCENDING)])

    def read_root(self, root: str) -> Iterator[Folder]:
        """All folders of a root, in order of their path's bytes."""
        with translated_errors():
            for document in self._folders.find({"root": root}).sort("order", ASCENDING):
                yield _to_folder(document)

    @translated_errors()
    def roots(self) -> list[str]:
        """Names of the roots that have folders here."""
        groups = self._folders.aggregate([{"$group": {"_id": "$root"}}, {"$sort": {"_id": 1}}])
        return [group["_id"] for group in groups]

    @translated_errors()
    def get(self, location: LibraryPath) -> Folder | None:
        """One folder as the last scan saw it."""
        document = self._folders.find_one({"_id": location.key})
        return _to_folder(document) if document else None

    @translated_errors()
    def put(self, folder: Folder) -> None:
        """Write a folder and all its files."""
        document = {
            "_id": folder.location.key,
            "root": folder.location.root,
            "path": Binary(folder.location.path),
            # Binary values sort by length first; a string of the same code points sorts by them.
            "order": folder.location.path.decode("latin-1"),
            "display": folder.location.display,
            "files": {name.hex(): _from_entry(entry) for name, entry in folder.files.items()},
        }
        self._folders.replace_one({"_id": document["_id"]}, document, upsert=True)

    @translated_errors()
    def remove(self, location: LibraryPath) -> None:
        """Forget a folder."""
        self._folders.delete_one({"_id": location.key})

    @translated_errors()
    def put_entries(self, location: LibraryPath, entries: Mapping[bytes, FileEntry]) -> None:
        """Write what was found in some files of a folder.

        A file whose size or mtime the scan has meanwhile seen to change keeps its new entry, and stays pending.
        """
        # One update, since each costs as much as the folder's whole document is large.
        changes = {f"files.{name.hex()}": _unless_changed(name, entry) for name, entry in entries.items()}
        if changes:
            self._folders.update_one({"_id": location.key}, [{"$set": changes}])


def _unless_changed(name: bytes, entry: FileEntry) -> dict[str, Any]:
    stored = f"$files.{name.hex()}"
    is_unchanged = [
        {"$eq": [f"{stored}.size_bytes", entry.size_bytes]},
        {"$eq": [f"{stored}.mtime_ns", entry.mtime_ns]},
    ]
    return {"$cond": [{"$and": is_unchanged}, {"$literal": _from_entry(entry)}, stored]}


def _from_entry(entry: FileEntry) -> dict[str, Any]:
    return {
        "size_bytes": entry.size_bytes,
        "mtime_ns": entry.mtime_ns,
        "analysed_version": entry.analysed_version,
        "track_id": entry.track_id,
    }


def _to_folder(document: dict[str, Any]) -> Folder:
    files = {bytes.fromhex(name): FileEntry(**entry) for name, entry in document["files"].items()}
    return Folder(LibraryPath(document["root"], bytes(document["path"])), files)
