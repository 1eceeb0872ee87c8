"""Writes the lists that the library is browsed by, and what searches are answered by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from earwise.extraction.vocabulary import count_words, make_postings
from earwise.store import Store
from earwise.store.search import fold_text
from earwise.store.shelf_keys import shelf_names
from earwise.store.shelf_names import Names, gather_names
from earwise.store.shelves import (
    SHELVES_ON_PAGE,
    Kind,
    Listing,
    Shelf,
    library_listing,
    shelf_key,
    shelves_listing,
    tracks_listing,
)
from earwise.store.tracks import sort_key
from earwise.tags import Tags

log = logging.getLogger(__name__)

Entry = tuple[str, Tags]
TRACKS_ON_PAGE = 30
# Of decades there are few.
_NARROWED = (Kind.ARTIST, Kind.ALBUM, Kind.GENRE)
_UNKNOWN_YEAR = 9999
_TRACK_ORDERS: dict[str, Callable[[Entry], Any]] = {
    "album": lambda entry: (sort_key(entry[1]), entry[0]),
    "title": lambda entry: (fold_text(entry[1].title), sort_key(entry[1]), entry[0]),
    "year": lambda entry: (entry[1].year or _UNKNOWN_YEAR, sort_key(entry[1]), entry[0]),
}
_SHELF_ORDERS: dict[str, Callable[[Shelf], Any]] = {
    "name": lambda shelf: (fold_text(shelf.name), shelf.byline, shelf.key),
    "size": lambda shelf: (-shelf.tracks, fold_text(shelf.name), shelf.key),
}


# What all tracks are listed by, with the name whose first letter leads to a page.
_LIBRARY_ORDERS: dict[str, Callable[[Tags], str]] = {
    "album": lambda tags: tags.shelf_artist,
    "title": lambda tags: tags.title,
}


def refresh_stale_directory(store: Store) -> None:
    """Bring all lists up to date if tracks may have changed since: files are gone, or a run was cut off."""
    if store.shelves.is_stale():
        refresh_directory(store)


def refresh_directory(store: Store) -> None:
    """Bring all lists to what the library holds; an unchanged library is read and not written."""
    entries = [(track_id, tags) for track_id, tags, _ in store.tracks.read_tags()]
    words = count_words(tags for _, tags in entries)
    store.words.put_all(words)
    lists = store.postings.put_all(make_postings(entries, words))
    # Last, since it notes that all of it is up to date.
    pages = store.shelves.put_all(make_listings(entries))
    log.info("directory written: %d tracks, %d lists of words and %d pages changed", len(entries), lists, pages)


def make_listings(entries: Sequence[Entry]) -> Iterator[Listing | Names]:
    """Every list of a library's tracks."""
    yield from _library_listings(entries)
    for kind in Kind:
        shelves: list[Shelf] = []
        for key, name, byline, members in _gather(entries, kind):
            shelf = Shelf(key, name, byline, len(members), min(members, key=_TRACK_ORDERS["album"])[0])
            shelves.append(shelf)
            yield from _track_listings(kind, shelf, members)
        for order, shelf_place in _SHELF_ORDERS.items():
            yield _shelf_listing(kind, order, sorted(shelves, key=shelf_place))
        if kind in _NARROWED:
            ordered = sorted(shelves, key=_SHELF_ORDERS["name"])
            yield from gather_names(kind, ((shelf.key, shelf.name, shelf.tracks) for shelf in ordered))


def _library_listings(entries: Sequence[Entry]) -> Iterator[Listing]:
    for order, name_of in _LIBRARY_ORDERS.items():
        found = sorted(entries, key=_TRACK_ORDERS[order])
        marks = _mark_letters((name_of(tags) for _, tags in found), TRACKS_ON_PAGE)
        pages = _cut([track_id for track_id, _ in found], TRACKS_ON_PAGE)
        yield Listing(library_listing(order), pages, len(found), marks=marks)


def _track_listings(kind: Kind, shelf: Shelf, members: Sequence[Entry]) -> Iterator[Listing]:
    for order, place in _TRACK_ORDERS.items():
        ids = [track_id for track_id, _ in sorted(members, key=place)]
        yield Listing(tracks_listing(kind, shelf.key, order), _cut(ids, TRACKS_ON_PAGE), len(ids), shelf)


def _shelf_listing(kind: Kind, order: str, shelves: Sequence[Shelf]) -> Listing:
    marks = _mark_letters((shelf.name for shelf in shelves), SHELVES_ON_PAGE) if order == "name" else {}
    pages = _cut([asdict(shelf) for shelf in shelves], SHELVES_ON_PAGE)
    return Listing(shelves_listing(kind, order), pages, len(shelves), marks=marks)


def _mark_letters(names: Iterable[str], page_size: int) -> dict[str, int]:
    """The page on which names of each first letter begin."""
    marks: dict[str, int] = {}
    for place, name in enumerate(names):
        letter = fold_text(name)[:1]
        marks.setdefault(letter if "a" <= letter <= "z" else "#", place // page_size + 1)
    return marks


def _cut(whole: list[Any], page_size: int) -> list[list[Any]]:
    return [whole[start : start + page_size] for start in range(0, len(whole), page_size)] or [[]]


def _gather(entries: Iterable[Entry], kind: Kind) -> Iterator[tuple[str, str, str, list[Entry]]]:
    """Key, name, byline and members; names that differ in case and accents alone are one, under the first of them."""
    members: dict[str, list[Entry]] = {}
    names: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if (shown := shelf_names(kind, entry[1]))[0]:
            key = shelf_key(*shown)
            members.setdefault(key, []).append(entry)
            names[key] = min(names.get(key, shown), shown)
    for key, found in members.items():
        yield (key, *names[key], found)
