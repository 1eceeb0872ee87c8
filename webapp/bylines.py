"""Whom a track is by and where it is from, as links to what else there is of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Flask, g
from markupsafe import Markup, escape

from earwise.store.shelf_keys import shelf_names
from earwise.store.shelves import Kind
from earwise.tags import Tags
from webapp.addresses import shelf_address
from webapp.filters import clip

_UNKNOWN = "<bdi>Unknown artist</bdi>"
_WRITTEN = "ways"


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a row of a list leads beside its track.

    Attributes
    ----------
    byline : Markup
        As `byline` gives it. The keyboard passes over its links, which the row's menu or the track's page has too.
    artist, album : Markup or None
        Their pages; None where the tags name none.
    """

    byline: Markup
    artist: Markup | None
    album: Markup | None


def attach(app: Flask) -> None:
    """Give templates `byline` and `ways_of`."""
    app.jinja_env.globals |= {"byline": byline, "ways_of": ways_of}


def byline(tags: Tags, *, in_row: bool = False, without: Collection[str] = ()) -> Markup:
    """Artist and album, each leading to its shelf; empty where both go without saying.

    Parameters
    ----------
    in_row : bool
        Whether the track is one of a list, where the keyboard passes over the links.
    without : collection of str
        Kinds of shelves that go without saying where the track is shown: ``"artists"``, ``"albums"``.
    """
    artist, album = shelf_address("artists", tags), shelf_address("albums", tags)
    return _write_byline(tags, artist, album, in_row=in_row, without=without)


def ways_of(tags: Tags, without: Collection[str] = ()) -> Ways:
    """Where a row leads, written once for all rows of a page that have the same."""
    written: dict[object, Ways] = g.setdefault(_WRITTEN, {})
    key = (shelf_names(Kind.ARTIST, tags), shelf_names(Kind.ALBUM, tags), *without)
    if (ways := written.get(key)) is None:
        artist, album = shelf_address("artists", tags), shelf_address("albums", tags)
        shown = _write_byline(tags, artist, album, in_row=True, without=without)
        ways = written[key] = Ways(shown, artist, album)
    return ways


def _write_byline(
    tags: Tags, artist: Markup | None, album: Markup | None, *, in_row: bool, without: Collection[str]
) -> Markup:
    shown = ""
    if "artists" not in without:
        shown = _link(tags.artist, artist, in_row=in_row) if artist else _UNKNOWN
    if album and "albums" not in without:
        link = _link(tags.album, album, in_row=in_row)
        shown += f'<span class="album"><span aria-hidden="true"> · </span>{link}</span>' if shown else link
    return Markup(shown)  # noqa: S704 - of addresses that url_for has quoted, and names that are escaped


def _link(name: str, address: Markup, *, in_row: bool) -> str:
    passed_over = ' tabindex="-1"' if in_row else ""
    return f'<a{passed_over} href="{address}"><bdi>{escape(clip(name))}</bdi></a>'
