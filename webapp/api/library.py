"""The library: its tracks, and search."""

from __future__ import annotations

from typing import Any

from flask import abort

from earwise.store.finding import find_tracks
from earwise.store.shelves import library_listing
from earwise.store.tracks import Track
from webapp.api.cursors import as_number, read_cursor, write_cursor
from webapp.api.document import Blueprint
from webapp.api.schemas import FoundSchema, PageQuery, SearchQuery, TrackPageSchema, TrackSchema
from webapp.context import store
from webapp.rows import listed_tracks

blueprint = Blueprint("library", "The library's tracks, and search")


@blueprint.route("/tracks")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, TrackPageSchema)
def tracks(query: dict[str, Any]) -> dict[str, Any]:
    """All tracks by artist and album, page by page."""
    page = store().shelves.page(library_listing("album"), read_cursor(query, as_number) or 1)
    if page is None:
        return {"items": [], "next_cursor": None}
    is_last = page.number >= page.pages
    return {"items": listed_tracks(page), "next_cursor": None if is_last else write_cursor(page.number + 1)}


@blueprint.route("/tracks/<track_id:track_id>")
@blueprint.response(200, TrackSchema)
def track(track_id: str) -> Track:
    """One track; under the id of a file that was encoded anew, the track that it became."""
    return store().find_track(track_id) or abort(404, "There is no such track.")


@blueprint.route("/search")
@blueprint.arguments(SearchQuery, location="query")
@blueprint.response(200, FoundSchema)
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Tracks whose title, artist, album, its artist or genre hold every word; misspelt words are corrected."""
    found = find_tracks(store(), query["q"], limit=query["limit"], skip=read_cursor(query, as_number) or 0)
    return {
        "items": found.tracks,
        "corrected": found.corrected,
        "has_more": found.is_cut,
        "next_cursor": None if found.following is None else write_cursor(found.following),
    }
