"""Lists by time, the last first, and where they go on: at a moment, after so many of the entries that have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from pymongo import DESCENDING
from pymongo.collection import Collection

_MOST_SEEN = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place in such a list: after all entries that are later, and after `seen` of those of this very moment.

    Without `seen` it is after all of them.
    """

    at: datetime
    seen: int | None = None

    def __str__(self) -> str:
        return self.at.isoformat() + ("" if self.seen is None else f"~{self.seen}")


def to_place(text: str) -> Place:
    """The place that a text names, in UTC; ``ValueError`` for what names none that the store can hold.

    >>> str(to_place("2026-03-01T01:30:00+02:00~2"))
    '2026-02-28T23:30:00+00:00~2'
    """
    moment, _, count = text.partition("~")
    if count and not (count.isascii() and count.isdecimal() and len(count) < 5 and 0 < int(count) <= _MOST_SEEN):
        raise ValueError(text)
    at = datetime.fromisoformat(moment)
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:  # in the first or the last hours of the calendar, elsewhere on earth
        raise ValueError(text) from error
    return Place(at, int(count) if count else None)


def list_by_time(
    collection: Collection[dict[str, Any]], query: Mapping[str, Any], field: str, *, limit: int, after: str | None
) -> list[tuple[dict[str, Any], str]]:
    """Documents by a time that they have, the last first, each with the cursor that continues after it; one query.

    Those of one millisecond always come in the same order, which is that of the index.

    Parameters
    ----------
    query : mapping
        What they must have beside that; an index leads to them by some of it and then by `field`.
    after : str or None
        A cursor.
    """
    place = to_place(after) if after else None
    seen = (place.seen or 0) if place else 0
    further = {field: {"$lte" if seen else "$lt": place.at}} if place else {}
    found = collection.find({**query, **further}).sort([(field, DESCENDING)]).limit(limit + seen)
    listed = [
        (document, str(Place(at, number)))
        for at, same in groupby(found, itemgetter(field))
        for number, document in enumerate(same, 1)
    ]
    return listed[seen:]
