"""Home: search the library, or go through it page by page."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.notice import read_notice
from earwise.store.finding import find_tracks
from earwise.store.shelves import library_listing
from webapp.context import settings, store
from webapp.paging import read_order, read_page_number
from webapp.progress import describe_wait
from webapp.rows import Row, listed_rows

blueprint = Blueprint("library", __name__)

_ORDERS = {"album": "Artist and album", "title": "Title"}
_FIRST_TRACKS = 50
_HITS_ON_PAGE = 30
_MOST_SUGGESTIONS = 8
_MOST_QUERY_CHARACTERS = 200
_CLUSTERS_SHOWN = 8


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The search box; beneath it what was found, or clusters and all tracks."""
    query, number = _read_query("q"), read_page_number()
    return _search_page(query, number) if query else _browse_page(number, read_order(_ORDERS))


@blueprint.get("/suggestions")
def suggestions() -> ResponseReturnValue:
    """The options of the search box while something is being typed."""
    found = find_tracks(store(), _read_query("q"), limit=_MOST_SUGGESTIONS, leads_on=True)
    if found.corrected:
        return redirect(url_for("library.suggestions", q=found.corrected))
    return render_template("library/suggestions.html", found=found)


def _read_query(name: str) -> str:
    return request.args.get(name, "").strip()[:_MOST_QUERY_CHARACTERS]


def _search_page(query: str, number: int) -> ResponseReturnValue:
    skip = (number - 1) * _HITS_ON_PAGE
    found = find_tracks(store(), query, limit=_HITS_ON_PAGE, skip=skip, leads_on=True)
    if found.corrected:
        return redirect(url_for("library.home", q=found.corrected, typed=query))
    if found.is_beyond:
        abort(404)
    rows = [Row(track) for track in found.tracks]
    typed = _read_query("typed")
    return render_template(
        "library/search.html", query=query, typed=typed, found=found, rows=rows, number=number, first=skip + 1
    )


def _browse_page(number: int, order: str) -> str:
    # What is beside the list stands on its first page only, and in place of it while there is no model.
    active = store().serving.find_active() if number == 1 else None
    page = store().shelves.page(library_listing(order), number) if active or number > 1 else None
    if page is None and number > 1:
        abort(404)
    clusters = sorted(active.clusters.values(), key=lambda cluster: -cluster.size) if active else []
    return render_template(
        "library/home.html",
        page=page,
        rows=listed_rows(page) if page else [Row(track) for track in store().tracks.some(_FIRST_TRACKS)],
        number=number,
        order=order,
        orders=_ORDERS,
        clusters=clusters[:_CLUSTERS_SHOWN],
        cluster_count=len(clusters),
        wait=None if active or number > 1 else describe_wait(store().extraction_runs.latest()),
        notice=read_notice(settings().library),
    )
