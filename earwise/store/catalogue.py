"""The catalogue: tags that come from a list beside a root, and win over those in the files.

One document for each folder holds the tags of its files by hexadecimal name, and under ``unread`` the names whose tags
have changed since their files were last released to be analysed again. Writing is repeatable: a name leaves ``unread``
last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors
from earwise.tags import Tags


class Catalogue:
    """The ``catalogue`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._folders = database["catalogue"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that `unread` uses."""
        ensure_index(self._folders, [("has_unread", ASCENDING)])

    @translated_errors()
    def put(self, folder: LibraryPath, tags: Mapping[bytes, Tags]) -> int:
        """Write the tags of a folder's files by name; how many differ from those before."""
        document = self._folders.find_one({"_id": folder.key}) or {"tags": {}, "unread": []}
        # Compared as tags: what was written before there were as many says nothing of the others.
        known = {name: Tags(*stated) for name, stated in document["tags"].items()}
        stated = {name.hex(): tag for name, tag in tags.items()}
        changed = {name for name in stated.keys() | known if stated.get(name) != known.get(name)}
        if changed:
            new = {
                "root": folder.root,
                "path": Binary(folder.path),
                "tags": {name: list(astuple(tag)) for name, tag in stated.items()},
                "unread": sorted(changed.union(document["unread"])),
                "has_unread": True,
            }
            self._folders.replace_one({"_id": folder.key}, new, upsert=True)
        return len(changed)

    @translated_errors()
    def tags_of(self, files: Iterable[LibraryPath]) -> dict[LibraryPath, Tags]:
        """What the catalogue says of some files; nothing of most."""
        by_folder: dict[str, list[LibraryPath]] = {}
        for file in files:
            by_folder.setdefault(file.parent.key, []).append(file)
        found = {}
        for document in self._folders.find({"_id": {"$in": list(by_folder)}}, {"tags": 1}):
            for file in by_folder[document["_id"]]:
                if (stated := document["tags"].get(file.name.hex())) is not None:
                    found[file] = Tags(*stated)
        return found

    def unread(self) -> Iterator[tuple[LibraryPath, frozenset[bytes]]]:
        """Folders with the names of the files whose tags have changed."""
        with translated_errors():
            for document in self._folders.find({"has_unread": True}, {"root": 1, "path": 1, "unread": 1}):
                names = frozenset(bytes.fromhex(name) for name in document["unread"])
                yield LibraryPath(document["root"], bytes(document["path"])), names

    @translated_errors()
    def mark_read(self, folder: LibraryPath, names: Iterable[bytes]) -> None:
        """Note that these files were released, so that their tags are read."""
        self._folders.update_one({"_id": folder.key}, {"$pull": {"unread": {"$in": [name.hex() for name in names]}}})
        self._folders.update_one({"_id": folder.key, "unread": []}, {"$set": {"has_unread": False}})
