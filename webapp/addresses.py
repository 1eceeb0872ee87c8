"""Addresses of what lists lead to from each row: the router writes each kind once for a page, not once for a row."""

from __future__ import annotations

from flask import Flask, g, url_for
from markupsafe import Markup

from earwise.store.shelf_keys import shelf_names
from earwise.store.shelves import Kind, shelf_key
from earwise.tags import Tags

#: Kinds of shelves by their names in addresses.
KINDS = {"artists": Kind.ARTIST, "albums": Kind.ALBUM, "genres": Kind.GENRE, "years": Kind.DECADE}

_PLACE = "0" * 32
_WRITTEN, _CLUSTERS = "track_addresses", "cluster_addresses"
_SHELVES, _BEGINNINGS = "shelf_addresses", "shelf_beginnings"


def attach(app: Flask) -> None:
    """Give templates `track_address`, `cluster_address` and `shelf_address`."""
    found = (track_address, cluster_address, shelf_address)
    app.jinja_env.globals |= {function.__name__: function for function in found}


def track_address(endpoint: str, track_id: str, seed_id: str | None = None, size: int | None = None) -> Markup:
    """What `url_for` gives, at a tenth of the time.

    Parameters
    ----------
    track_id : str
        An id that the store gave: 32 hexadecimal digits, which need no escaping.
    seed_id : str or None
        The track of the page, where the address names it too.
    size : int or None
        Pixels of a picture, where it is asked for in a size.
    """
    written: dict[tuple[str, str | None, int | None], tuple[str, str]] = g.setdefault(_WRITTEN, {})
    key = (endpoint, seed_id, size)
    if key not in written:
        before, _, after = url_for(endpoint, track_id=_PLACE, seed_id=seed_id, size=size).rpartition(_PLACE)
        written[key] = (before, after)
    before, after = written[key]
    return Markup(f"{before}{track_id}{after}")  # noqa: S704 - of addresses that url_for has quoted, and digits


def cluster_address(number: int) -> str:
    """The page of a cluster, which many rows of a list may lead to."""
    written: dict[int, str] = g.setdefault(_CLUSTERS, {})
    if number not in written:
        written[number] = url_for("clusters.cluster", number=number)
    return written[number]


def shelf_address(kind: str, tags: Tags) -> Markup | None:
    """The page of the artist, album, genre or decade that a track is of; None where its tags name none.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    """
    names = shelf_names(KINDS[kind], tags)
    if not names[0]:
        return None
    # Rows of a list share these, and the key of a name is a digest of it.
    written: dict[tuple[str, str, str], Markup] = g.setdefault(_SHELVES, {})
    key = (kind, *names)
    if key not in written:
        written[key] = Markup(f"{_beginning(kind)}{shelf_key(*names)}")  # noqa: S704 - quoted by url_for, and digits
    return written[key]


def _beginning(kind: str) -> str:
    """What the addresses of all shelves of a kind begin with."""
    written: dict[str, str] = g.setdefault(_BEGINNINGS, {})
    if kind not in written:
        written[kind] = url_for("browse.tracks", kind=kind, shelf=_PLACE).removesuffix(_PLACE)
    return written[kind]
