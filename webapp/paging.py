"""Places in long lists, as they stand in addresses."""

from __future__ import annotations

from collections.abc import Iterable

from flask import abort, request

from earwise.store.moments import to_place


def read_page_number(name: str = "page") -> int:
    """The page of a list, which counts from 1; an address that nobody made leads nowhere."""
    text = request.args.get(name, "1")
    if not (text.isascii() and text.isdecimal() and len(text) < 8) or int(text) < 1:
        abort(404)
    return int(text)


def read_order(orders: Iterable[str]) -> str:
    """The order of a list: one of these, the first where none is asked for."""
    known = list(orders)
    order = request.args.get("sort", known[0])
    return order if order in known else abort(404)


def read_time_cursor() -> str | None:
    """The moment after which a list continues; an address that nobody made is refused."""
    text = request.args.get("after")
    if text is None:
        return None
    try:
        return as_moment(text)
    except ValueError:
        abort(400)


def as_moment(text: str) -> str:
    """A moment as lists continue after it, as the store writes it; ``ValueError`` for what is none that it can hold."""
    return str(to_place(text))
