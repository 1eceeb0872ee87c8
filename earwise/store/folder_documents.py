"""How a folder stands in documents: its files in columns, and a large folder's in several documents.

A document holds the files of one folder in columns, in the order of their names: ``names`` and ``stats`` packed as in
`Listing`, so that a scan compares a folder that has not changed in one step; ``versions``, what each was analysed as;
``tracks``, the track it holds. A file is pending while its version is not the current one: new, changed and interrupted
files all look the same, and a run that was killed is taken up by the next. In the place of its version stands that a
scan let a file go, until it is gone.

A folder of many files goes on in further documents of the same listing. They are written before the first, which names
the listing and so makes them count; those of another listing were left behind by a kill, and nobody reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.binary import Binary

from earwise.listing import Listing
from earwise.paths import LibraryPath

# Names are up to 255 bytes and documents up to 16 MiB; and an update costs as much as its document is large.
FILES_PER_DOCUMENT = 2_000
_LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What is known of one file.

    Attributes
    ----------
    analysed_version : str or None
        What this size and mtime were analysed as, to a track or to quarantine: the ``feature_version``, and how the
        recording was identified where that is not as at first. None if not yet.
    track_id : str or None
        The track that the file was last found to hold.
    is_leaving : bool
        Whether a scan let it go that was broken off, perhaps, before all was written; until it is analysed again.
    """

    size_bytes: int
    mtime_ns: int
    analysed_version: str | None = None
    track_id: str | None = None
    is_leaving: bool = False


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


def to_documents(folder: Folder) -> list[dict[str, Any]]:
    """The documents of a folder, the first of which makes the others count."""
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
                "versions": [version_of(entry) for entry in held.values()],
                "tracks": [entry.track_id for entry in held.values()],
            }
        )
    return documents


def to_folder(documents: list[dict[str, Any]]) -> Folder:
    """The folder that documents hold, all of one listing."""
    versions = (version for document in documents for version in document["versions"])
    tracks = (track for document in documents for track in document["tracks"])
    columns = zip(listing_of(documents).unpack(), versions, tracks, strict=True)
    files = {name: _to_entry(size, mtime, version, track) for (name, size, mtime), version, track in columns}
    return Folder(location_of(documents[0]), files)


def current_documents(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of one folder that belong to the listing which the first of them names."""
    held = list(documents)
    if held and is_early(held[0]):
        return to_documents(_from_early(held[0]))
    if not held or held[0]["part"]:
        return []
    return [document for document in held if document["listing"] == held[0]["listing"]]


def location_of(document: dict[str, Any]) -> LibraryPath:
    """Where the folder of a document is."""
    return LibraryPath(document["root"], bytes(document["path"]))


def listing_of(documents: list[dict[str, Any]]) -> Listing:
    """What documents of one listing listed."""
    return Listing.joined(Listing(document["names"], document["stats"]) for document in documents)


def version_of(entry: FileEntry) -> str | None:
    """What stands of a file in ``versions``."""
    return entry.analysed_version or (_LEAVING if entry.is_leaving else None)


def is_early(document: dict[str, Any]) -> bool:
    """Whether this was written before files stood in columns; it is written anew when it is next used alone."""
    return "files" in document


def _to_entry(size_bytes: int, mtime_ns: int, version: str | None, track_id: str | None) -> FileEntry:
    is_leaving = version == _LEAVING
    return FileEntry(size_bytes, mtime_ns, None if is_leaving else version, track_id, is_leaving)


def _from_early(document: dict[str, Any]) -> Folder:
    files = {bytes.fromhex(name): FileEntry(**entry) for name, entry in document["files"].items()}
    return Folder(location_of(document), files)
