"""Cursors of long lists, as they stand in addresses."""

from __future__ import annotations

from datetime import datetime

from flask import abort, request


def read_time_cursor() -> str | None:
    """The moment after which a list continues; an address that nobody made is refused."""
    text = request.args.get("after")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        abort(400)
