"""Which shelf of each kind a track stands on, by its tags: whatever writes the lists or leads to them asks here."""

from __future__ import annotations

from collections.abc import Callable

from earwise.store.shelves import Kind
from earwise.tags import Tags

_NAMES: dict[Kind, Callable[[Tags], tuple[str, str]]] = {
    Kind.ARTIST: lambda tags: (tags.artist, ""),
    Kind.ALBUM: lambda tags: (tags.album, tags.shelf_artist),
    Kind.GENRE: lambda tags: (tags.genre, ""),
    Kind.DECADE: lambda tags: (f"{tags.year // 10 * 10}s" if tags.year else "", ""),
}


def shelf_names(kind: Kind, tags: Tags) -> tuple[str, str]:
    """Name and byline of the shelf that a track stands on, of which `shelf_key` is the key; no name where on none.

    >>> shelf_names(Kind.ALBUM, Tags("Ivory", "Savino", "Ocean")), shelf_names(Kind.DECADE, Tags("Ivory", year=1999))
    (('Ocean', 'Savino'), ('1990s', ''))
    """
    return _NAMES[kind](tags)
