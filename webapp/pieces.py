"""Lists of which a page shows a part: a queue that begins there takes the whole list, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for

from webapp.paging import read_page_number


@dataclass(frozen=True, slots=True)
class Rest:
    """Addresses of the pieces around what is shown of a list; None where there is nothing.

    Attributes
    ----------
    beginning : str or None
        The first piece, where that is not shown.
    earlier, later : str or None
        What comes before what is shown, and what comes behind it.
    """

    beginning: str | None = None
    earlier: str | None = None
    later: str | None = None


def rest_of_pages(first: int, last: int, pages: int, endpoint: str, *, at_once: int = 1, **address: Any) -> Rest:
    """The pieces around some pages in a row of a list of so many.

    Parameters
    ----------
    endpoint : str
        What answers with a piece.
    at_once : int
        Pages that one piece holds at most.
    """

    def piece(begin: int, end: int) -> str:
        return url_for(endpoint, page=begin, to=end if end > begin else None, **address)

    return Rest(
        beginning=piece(1, min(at_once, pages)) if first > 1 else None,
        earlier=piece(max(1, first - at_once), first - 1) if first > 1 else None,
        later=piece(last + 1, min(last + at_once, pages)) if last < pages else None,
    )


def read_pages(at_once: int) -> tuple[int, int]:
    """The first and the last page of the piece that is asked for; an address that nobody made leads nowhere."""
    first = read_page_number()
    last = read_page_number("to") if "to" in request.args else first
    return (first, last) if first <= last < first + at_once else abort(404)
