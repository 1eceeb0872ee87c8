"""Whom a track is by and where it is from, as links to what else there is of them."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask
from markupsafe import Markup, escape

from earwise.tags import Tags
from webapp.addresses import shelf_address
from webapp.filters import clip

_BETWEEN = Markup('<span class="album"><span aria-hidden="true"> · </span>{}</span>')
_UNKNOWN = Markup("<bdi>Unknown artist</bdi>")


def attach(app: Flask) -> None:
    """Give templates ``byline(tags)``."""
    app.jinja_env.globals["byline"] = byline


def byline(tags: Tags, *, in_row: bool = False, without: Collection[str] = ()) -> Markup:
    """Artist and album, each leading to its shelf; empty where both go without saying.

    Parameters
    ----------
    in_row : bool
        Whether the track is one of a list: the keyboard then passes over the links, which the row's menu has too.
    without : collection of str
        Kinds of shelves that go without saying where the track is shown: ``"artists"``, ``"albums"``.
    """
    shown = []
    if "artists" not in without:
        shown.append(_link("artists", tags.artist, tags, in_row=in_row) if tags.artist else _UNKNOWN)
    if "albums" not in without and tags.album:
        album = _link("albums", tags.album, tags, in_row=in_row)
        shown.append(_BETWEEN.format(album) if shown else album)
    return Markup().join(shown)


def _link(kind: str, name: str, tags: Tags, *, in_row: bool) -> Markup:
    passed_over = ' tabindex="-1"' if in_row else ""
    address = shelf_address(kind, tags)
    # Markup of an address that url_for has quoted, and of a text that is escaped.
    return Markup(f'<a{passed_over} href="{address}"><bdi>{escape(clip(name))}</bdi></a>')  # noqa: S704
