"""The library's lists as they are paged through: artists, albums, genres, years, and the tracks of each.

Every page of a list is a document that is read by its id, so that the thousandth page costs what the first one does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Any

from pymongo.database import Database

from earwise.store.bulk import put_documents
from earwise.store.sealed import replace_all, seal
from earwise.store.search import fold_text
from earwise.store.shelf_names import Names, find_names, names_id, pack_names
from earwise.store.translation import translated_errors

#: A page of shelves reads itself alone, one of tracks a document for each.
SHELVES_ON_PAGE = 60
_WRITE_BATCH = 200
_HEAD = "head"
_STALE = "stale"
# Which lists there are, and how they are cut; counted up where that changes, so that a library which does not change
# gets them too.
_FORM_ID, _FORM = "form", "5"


class Kind(StrEnum):
    """What tracks stand together by."""

    ARTIST = "artist"
    ALBUM = "album"
    GENRE = "genre"
    DECADE = "decade"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Tracks that stand together.

    Attributes
    ----------
    key : str
        What names it in addresses.
    byline : str
        Whom an album is by.
    tracks : int
        How many there are.
    cover : str
        Id of the track whose picture stands for it.
    """

    key: str
    name: str
    byline: str
    tracks: int
    cover: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One list in one order, as it is written.

    Attributes
    ----------
    name : str
        What it is read by: `shelves_listing`, `tracks_listing` or `library_listing`.
    pages : sequence of sequence of dict or of str
        Shelves, or ids of tracks.
    total : int
        How many there are on all pages.
    marks : dict of str to int
        The page on which each first letter begins.
    """

    name: str
    pages: Sequence[Sequence[Any]]
    total: int
    shelf: Shelf | None = None
    marks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, or some in a row; `number` is that of the first, and counts from 1."""

    entries: tuple[Any, ...]
    number: int
    pages: int
    total: int
    shelf: Shelf | None
    marks: Mapping[str, int]

    @property
    def shelves(self) -> list[Shelf]:
        """The entries of a list of shelves."""
        return [Shelf(**entry) for entry in self.entries]


def shelves_listing(kind: Kind, order: str) -> str:
    """Name of the list of all shelves of a kind."""
    return f"{kind}:{order}"


def tracks_listing(kind: Kind, key: str, order: str) -> str:
    """Name of the list of a shelf's tracks."""
    return f"{kind}/{key}:{order}"


def library_listing(order: str) -> str:
    """Name of the list of all tracks."""
    return f"library:{order}"


def shelf_key(name: str, byline: str = "") -> str:
    """What stands for a name in addresses, whatever characters it has; case and accents make no difference."""
    folded = "\x1f".join(map(fold_text, (name, byline)))
    return hashlib.sha256(folded.encode(errors="surrogatepass")).hexdigest()[:16]


class Shelves:
    """The ``shelves`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._shelves = database["shelves"]

    @translated_errors()
    def page(self, listing: str, number: int, last: int | None = None) -> Page | None:
        """A page of a list, or all up to a last one as if they were one, in one query; None where there is none."""
        numbers = range(number, (last or number) + 1)
        wanted = {"_id": {"$in": [f"{listing}:{part}" for part in (_HEAD, *numbers)]}}
        found = {document["_id"].rpartition(":")[2]: document for document in self._shelves.find(wanted)}
        head, pages = found.get(_HEAD), [found[str(one)] for one in numbers if str(one) in found]
        if head is None or str(number) not in found:
            return None
        shelf = Shelf(**head["shelf"]) if head["shelf"] else None
        entries = tuple(chain.from_iterable(page["entries"] for page in pages))
        return Page(entries, number, head["pages"], head["total"], shelf, head["marks"])

    @translated_errors()
    def narrowed(self, kind: Kind, words: Sequence[str], order: str, number: int) -> Page | None:
        """A page of the shelves with words that begin with each of these, in two queries; None where there is none.

        Parameters
        ----------
        words : sequence of str
            Folded, at least one.
        """
        noted = self._shelves.find_one({"_id": names_id(kind, words)})
        keys = find_names(noted, words, order) if noted else []
        pages, first = max(1, -(-len(keys) // SHELVES_ON_PAGE)), (number - 1) * SHELVES_ON_PAGE
        if number > pages:
            return None
        wanted = [f"{tracks_listing(kind, key, 'album')}:{_HEAD}" for key in keys[first : first + SHELVES_ON_PAGE]]
        heads = {head["_id"]: head for head in self._shelves.find({"_id": {"$in": wanted}})} if wanted else {}
        entries = tuple(heads[head]["shelf"] for head in wanted if head in heads)
        return Page(entries, number, pages, len(keys), None, {})

    @translated_errors()
    def mark_stale(self) -> None:
        """Note, before tracks change, that the lists will have to be written again."""
        self._shelves.replace_one({"_id": _STALE}, {"_id": _STALE, "digest": ""}, upsert=True)

    @translated_errors()
    def is_stale(self) -> bool:
        """Whether tracks may have changed since the lists were written, or the lists are those of an older version."""
        found = {note["_id"]: note["digest"] for note in self._shelves.find({"_id": {"$in": [_STALE, _FORM_ID]}})}
        return _STALE in found or found.get(_FORM_ID) != _FORM

    @translated_errors()
    def put_all(self, listings: Iterable[Listing | Names]) -> int:
        """Let these be the lists: write what changed, then take out what is gone; returns how many were written.

        The note that they are stale goes last, so that writing that is broken off is begun again.
        """
        documents = (document for one in listings for document in _documents(one))
        written = replace_all(self._shelves, documents, at_once=_WRITE_BATCH, keep={_STALE, _FORM_ID})
        if (form := {"_id": _FORM_ID, "digest": _FORM}) != self._shelves.find_one({"_id": _FORM_ID}):
            put_documents(self._shelves, [form])
        self._shelves.delete_one({"_id": _STALE})
        return written


def _documents(listing: Listing | Names) -> Iterable[dict[str, Any]]:
    if isinstance(listing, Names):
        yield pack_names(listing)
        return
    for number, entries in enumerate(listing.pages, 1):
        yield seal(f"{listing.name}:{number}", {"entries": list(entries)})
    head = {
        "pages": len(listing.pages),
        "total": listing.total,
        "shelf": asdict(listing.shelf) if listing.shelf else None,
        "marks": dict(listing.marks),
    }
    yield seal(f"{listing.name}:{_HEAD}", head)
