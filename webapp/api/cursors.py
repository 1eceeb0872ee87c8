"""Where a list goes on: a text that clients hand back as they got it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from flask import abort

#: Entries on a page of a list that is kept whole; lists that the store keeps by pages have those.
PAGE_SIZE = 60
_FIRST_TOO_FAR = 10**7


def write_cursor(place: object) -> str:
    """The cursor for a place."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def read_cursor[Place](query: dict[str, Any], read: Callable[[str], Place]) -> Place | None:
    """The place that a query's cursor stands for; None where there is no cursor."""
    text = query.get("cursor")
    if text is None:
        return None
    try:
        return read(base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True).decode())
    except (binascii.Error, ValueError):
        abort(404, "Nothing goes on here: this cursor was not given out. Begin without one.")


def page_of[Item](items: Sequence[Item], start: int | None) -> dict[str, Any]:
    """A page of what is at hand whole, as answers have pages."""
    first = start or 0
    page, end = list(items[first : first + PAGE_SIZE]), first + PAGE_SIZE
    return {"items": page, "next_cursor": write_cursor(end) if end < len(items) else None}


def as_number(text: str) -> int:
    """Read the number of a page or a place."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 0 < number < _FIRST_TOO_FAR:
        raise ValueError(text)
    return number
