"""Parts of addresses that have a form of their own; what has another is no address of this app."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter

#: Regular expressions by the name under which routes use them.
FORMS = {
    "track_id": "[0-9a-f]{32}",
    "playlist_id": "[0-9a-f]{24}",
    "artist_key": "[0-9a-f]{16}",
    "edition": r"[^\"/]+\.[0-9a-f]{16}",
    "listening_id": "[0-9a-f]{16,32}",
}


def attach(app: Flask) -> None:
    """Let routes use them."""
    for name, form in FORMS.items():
        app.url_map.converters[name] = type(name, (BaseConverter,), {"regex": form})
