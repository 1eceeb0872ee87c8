"""Browse by artist, album, genre and decade: the lists that extraction wrote, page by page."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from earwise.store.search import fold_words
from earwise.store.shelf_names import BY_NAME, BY_SIZE
from earwise.store.shelves import Kind, Page, shelves_listing, tracks_listing
from webapp.context import store
from webapp.paging import read_order, read_page_number
from webapp.rows import listed_rows

blueprint = Blueprint("browse", __name__, url_prefix="/browse")

_KINDS = {"artists": Kind.ARTIST, "albums": Kind.ALBUM, "genres": Kind.GENRE, "years": Kind.DECADE}
# Of decades there are few.
_NARROWED = ("artists", "albums", "genres")
_NOTHING = Page((), 1, 1, 0, None, {})
_MOST_TYPED = 200
_SHELF_ORDERS = {BY_NAME: "Name", BY_SIZE: "Most tracks"}
_TRACK_ORDERS = {"album": "Artist and album", "title": "Title", "year": "Year"}


@blueprint.get("", defaults={"kind": "artists"})
@blueprint.get("/<any(artists, albums, genres, years):kind>")
def shelves(kind: str) -> ResponseReturnValue:
    """All artists, albums, genres or decades, or those with words that begin as is asked for."""
    order, number = read_order(_SHELF_ORDERS), read_page_number()
    typed = request.args.get("of", "").strip()[:_MOST_TYPED] if kind in _NARROWED else ""
    page = _read_narrowed(kind, typed, order, number) if typed else _read_page(shelves_listing(_KINDS[kind], order))
    if page is None and number != 1:
        abort(404)
    return render_template(
        "browse/shelves.html",
        kind=kind,
        kinds=list(_KINDS),
        order=order,
        orders=_SHELF_ORDERS,
        page=page,
        typed=typed,
        can_narrow=kind in _NARROWED,
    )


@blueprint.get("/<any(artists, albums, genres, years):kind>/<shelf>")
def tracks(kind: str, shelf: str) -> ResponseReturnValue:
    """The tracks of one of them."""
    order = read_order(_TRACK_ORDERS)
    page = _read_page(tracks_listing(_KINDS[kind], shelf, order)) or abort(404)
    rows = listed_rows(page)
    return render_template(
        "browse/tracks.html", kind=kind, shelf=page.shelf, order=order, orders=_TRACK_ORDERS, page=page, rows=rows
    )


def _read_narrowed(kind: str, typed: str, order: str, number: int) -> Page | None:
    words = fold_words(typed)
    # Names are told apart by letters and digits alone.
    return store().shelves.narrowed(_KINDS[kind], words, order, number) if words else _NOTHING


def _read_page(listing: str) -> Page | None:
    return store().shelves.page(listing, read_page_number())
