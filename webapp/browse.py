"""Browse by artist, album, genre and decade: the lists that extraction wrote, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from earwise.store.search import fold_text, fold_words
from earwise.store.shelf_names import BY_NAME, BY_SIZE
from earwise.store.shelves import Page, shelves_listing, tracks_listing
from earwise.tags import Tags
from webapp.addresses import KINDS
from webapp.context import store
from webapp.paging import read_order, read_page_number
from webapp.pieces import Rest, read_pages, rest_of_pages
from webapp.rows import Row, listed_rows

blueprint = Blueprint("browse", __name__, url_prefix="/browse")

# Of decades there are few.
_NARROWED = ("artists", "albums", "genres")
#: What one of each kind is called.
_WORDS = {"artists": "artist", "albums": "album", "genres": "genre", "years": "decade"}
_NOTHING = Page((), 1, 1, 0, None, {})
_MOST_TYPED = 200
_SHELF_ORDERS = {BY_NAME: "Name", BY_SIZE: "Most tracks"}
_TRACK_ORDERS = {"album": "Artist and album", "title": "Title", "year": "Year"}
_ALBUM_ORDERS = _TRACK_ORDERS | {"album": "Number"}
# As many as one query finds.
_PAGES_OF_A_PIECE = 5


@blueprint.get("", defaults={"kind": "artists"})
@blueprint.get("/<any(artists, albums, genres, years):kind>")
def shelves(kind: str) -> ResponseReturnValue:
    """All artists, albums, genres or decades, or those with words that begin as is asked for."""
    order, number = read_order(_SHELF_ORDERS), read_page_number()
    typed = request.args.get("of", "").strip()[:_MOST_TYPED] if kind in _NARROWED else ""
    listing = shelves_listing(KINDS[kind], order)
    page = _read_narrowed(kind, typed, order, number) if typed else store().shelves.page(listing, number)
    if page is None and number != 1:
        abort(404)
    return render_template(
        "browse/shelves.html",
        kind=kind,
        kinds=list(KINDS),
        word=_WORDS[kind],
        order=order,
        orders=_SHELF_ORDERS,
        page=page,
        typed=typed,
        can_narrow=kind in _NARROWED,
    )


@blueprint.get("/<any(artists, albums, genres, years):kind>/<shelf>")
def tracks(kind: str, shelf: str) -> ResponseReturnValue:
    """The tracks of one of them."""
    order, number = read_order(_TRACK_ORDERS), read_page_number()
    page = store().shelves.page(tracks_listing(KINDS[kind], shelf, order), number)
    if page is None and number == 1:
        # What tags name is not listed before the end of the next look at the library.
        return render_template("browse/unlisted.html", kind=kind), 404
    if page is None or page.shelf is None:
        abort(404)
    rows = listed_rows(page)
    album = _describe_album(page, rows) if kind == "albums" else None
    return render_template(
        "browse/tracks.html",
        kind=kind,
        word=_WORDS[kind],
        shelf=page.shelf,
        order=order,
        orders=_ALBUM_ORDERS if kind == "albums" else _TRACK_ORDERS,
        page=page,
        rows=rows,
        rest=_rest_of(kind, page, number, order),
        album=album,
        without={kind, "artists"} if album and album.is_of_one else {kind},
    )


@blueprint.get("/<any(artists, albums, genres, years):kind>/<shelf>/tracks")
def piece(kind: str, shelf: str) -> ResponseReturnValue:
    """Some pages of the same as a bare list, for a queue that takes the whole of it from one of its pages."""
    order, (first, last) = read_order(_TRACK_ORDERS), read_pages(_PAGES_OF_A_PIECE)
    page = store().shelves.page(tracks_listing(KINDS[kind], shelf, order), first, last) or abort(404)
    return render_template("parts/piece.html", rows=listed_rows(page), rest=_rest_of(kind, page, last, order))


@dataclass(frozen=True, slots=True)
class _Album:
    """What the tracks on a page of an album tell of it.

    Attributes
    ----------
    by : Tags or None
        Of a track whose artist is whom the album is by; None where there is none.
    is_of_one : bool
        Whether all are that artist's; not said where not all are on the page.
    years : str
        The year, or the first and the last; empty where none is stated, or not all tracks are on the page.
    duration_s : float or None
        How long it is; None where not all of it is on the page.
    """

    by: Tags | None
    is_of_one: bool
    years: str
    duration_s: float | None


def _describe_album(page: Page, rows: list[Row]) -> _Album:
    artist = fold_text(page.shelf.byline) if page.shelf else ""
    own = [row.track.tags for row in rows if artist and fold_text(row.track.tags.artist) == artist]
    is_whole = page.pages == 1
    years = sorted({row.track.tags.year for row in rows if row.track.tags.year})
    return _Album(
        by=next(iter(own), None),
        is_of_one=is_whole and len(own) == len(rows),
        years="–".join(map(str, dict.fromkeys((years[0], years[-1])))) if is_whole and years else "",
        duration_s=sum(row.track.duration_s for row in rows) if is_whole else None,
    )


def _rest_of(kind: str, page: Page, last: int, order: str) -> Rest:
    """The pieces around what is shown, which ends with this page."""
    address = {"kind": kind, "shelf": page.shelf.key if page.shelf else "", "sort": order}
    return rest_of_pages(page.number, last, page.pages, "browse.piece", at_once=_PAGES_OF_A_PIECE, **address)


def _read_narrowed(kind: str, typed: str, order: str, number: int) -> Page | None:
    words = fold_words(typed)
    # Names are told apart by letters and digits alone.
    return store().shelves.narrowed(KINDS[kind], words, order, number) if words else _NOTHING
