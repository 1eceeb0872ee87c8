"""Folders: what the last scan saw, and what became of each file.

A document holds the files of one folder in columns, in the order of their names: ``names`` and ``stats`` packed as in
`Listing`, so that a scan compares a folder that has not changed in one step; ``versions``, the ``feature_version`` each
was analysed in; ``tracks``, the track it holds. A file is pending while its version is not the current one: new,
changed and interrupted files all look the same, and a run that was killed is taken up by the next.

A folder of many files goes on in further documents of the same listing. They are written before the first, which names
the listing and so makes them count; those of another listing were left behind by a kill, and nobody reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby, islice, pairwise
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING, ReplaceOne
from pymongo.database import Database

from earwise.listing import Listing
from earwise.paths import LibraryPath
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors

# Names are up to 255 bytes and documents up to 16 MiB; and an update costs as much as its document is large.
FILES_PER_DOCUMENT = 2_000
_READ_BATCH = 500
_ORDER = [("root", ASCENDING), ("order", ASCENDING), ("part", ASCENDING)]
_LISTED = {"root": 1, "path": 1, "part": 1, "listing": 1, "names": 1, "stats": 1, "files": 1}


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


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """A folder as the last scan saw it, without what became of its files."""

    location: LibraryPath
    listing: Listing


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
            yield _to_folder(documents)

    def read_listings(self, root: str, below: bytes = b"") -> Iterator[ListedFolder]:
        """The same folders as the last scan saw them, without what became of their files."""
        for documents in self._read(root, below, _LISTED):
            yield ListedFolder(_location(documents[0]), _listing(documents))

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
        return _to_folder(documents) if documents else None

    def put(self, folder: Folder) -> None:
        """Write a folder and all its files."""
        self.put_many([folder])

    @translated_errors()
    def put_many(self, folders: Iterable[Folder]) -> None:
        """Write several folders and all their files."""
        written = [_from_folder(folder) for folder in folders]
        keys = [documents[0]["_id"] for documents in written]
        known = {head["_id"]: head.get("parts", 1) for head in self._folders.find({"_id": {"$in": keys}}, {"parts": 1})}
        for _, *others in written:
            self._write(others, are_new=False)
        heads = [documents[0] for documents in written]
        self._write([head for head in heads if head["_id"] in known], are_new=False)
        self._write([head for head in heads if head["_id"] not in known], are_new=True)
        for head in heads:
            if max(known.get(head["_id"], 1), head["parts"]) > 1:
                found = self._folders.find(_place(_location(head)), {"listing": 1})
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
            for place, (name, size_bytes, mtime_ns) in enumerate(_listing([document]).unpack()):
                entry = entries.get(name)
                if entry is not None and (entry.size_bytes, entry.mtime_ns) == (size_bytes, mtime_ns):
                    changes[f"versions.{place}"] = entry.analysed_version
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
        folder = self.get(location) if names else None
        held = {name: folder.files[name] for name in names if name in folder.files} if folder else {}
        waiting = {
            name: replace(entry, analysed_version=None)
            for name, entry in held.items()
            if entry.analysed_version is not None
        }
        self.put_entries(location, waiting)
        return frozenset(held), len(waiting)

    def _read(self, root: str, below: bytes, projection: Mapping[str, int] | None) -> Iterator[list[dict[str, Any]]]:
        with translated_errors():
            found = self._folders.find({"root": root, **_below(below)}, projection).sort(_ORDER).batch_size(_READ_BATCH)
            for _, documents in groupby(_read_ahead(found), key=lambda document: document["path"]):
                if current := _current(documents):
                    yield current

    def _get_documents(self, location: LibraryPath) -> list[dict[str, Any]]:
        found = list(self._folders.find(_place(location)).sort(_ORDER))
        current = _current(found)
        if current and _is_early(found[0]):
            self.put(_to_folder(current))
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


def _current(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of one folder that belong to the listing which the first of them names."""
    held = list(documents)
    if held and _is_early(held[0]):
        return _from_folder(_from_early(held[0]))
    if not held or held[0]["part"]:
        return []
    return [document for document in held if document["listing"] == held[0]["listing"]]


def _is_early(document: dict[str, Any]) -> bool:
    """Whether this was written before files stood in columns; it is written anew when it is next used alone."""
    return "files" in document


def _from_early(document: dict[str, Any]) -> Folder:
    files = {bytes.fromhex(name): FileEntry(**entry) for name, entry in document["files"].items()}
    return Folder(_location(document), files)


def _from_folder(folder: Folder) -> list[dict[str, Any]]:
    names, key = sorted(folder.files), folder.location.key
    whole = Listing.of(folder.files)
    cut = str(FILES_PER_DOCUMENT).encode()
    digest = hashlib.sha256(b"/".join((cut, whole.names, whole.stats))).hexdigest()[:16]
    documents = []
    for part, first in enumerate(range(0, max(len(names), 1), FILES_PER_DOCUMENT)):
        held = {name: folder.files[name] for name in names[first : first + FILES_PER_DOCUMENT]}
        listing = Listing.of(held)
        documents.append(
            {
                "_id": f"{key}:{digest}:{part:06}" if part else key,
                "root": folder.location.root,
                "path": Binary(folder.location.path),
                # Binary values sort by length first; a string of the same code points sorts by them.
                "order": folder.location.path.decode("latin-1"),
                "part": part,
                "parts": -(-len(names) // FILES_PER_DOCUMENT) or 1,
                "display": folder.location.display,
                "listing": digest,
                "names": Binary(listing.names),
                "stats": Binary(listing.stats),
                "versions": [entry.analysed_version for entry in held.values()],
                "tracks": [entry.track_id for entry in held.values()],
            }
        )
    return documents


def _location(document: dict[str, Any]) -> LibraryPath:
    return LibraryPath(document["root"], bytes(document["path"]))


def _listing(documents: list[dict[str, Any]]) -> Listing:
    return Listing.joined(Listing(document["names"], document["stats"]) for document in documents)


def _to_folder(documents: list[dict[str, Any]]) -> Folder:
    versions = (version for document in documents for version in document["versions"])
    tracks = (track for document in documents for track in document["tracks"])
    columns = zip(_listing(documents).unpack(), versions, tracks, strict=True)
    files = {name: FileEntry(size, mtime, version, track) for (name, size, mtime), version, track in columns}
    return Folder(_location(documents[0]), files)
