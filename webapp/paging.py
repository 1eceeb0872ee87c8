"""Places in long lists, as they stand in addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flask import abort, request


def read_page_number() -> int:
    """The page of a list, which counts from 1; an address that nobody made leads nowhere."""
    text = request.args.get("page", "1")
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
    """A moment as lists continue after it, in UTC; ``ValueError`` for what is none that the store can hold.

    >>> as_moment("2026-03-01T01:30:00+02:00")
    '2026-02-28T23:30:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC).isoformat()
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError as error:  # in the first or the last hours of the calendar, elsewhere on earth
        raise ValueError(text) from error
