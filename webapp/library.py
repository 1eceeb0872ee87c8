"""Home: search the library, or browse it page by page."""

from __future__ import annotations

import base64
import binascii
import string

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from earwise.notice import read_notice
from earwise.store.finding import Found, find_tracks
from webapp.context import settings, store
from webapp.progress import describe_wait
from webapp.rows import Row

blueprint = Blueprint("library", __name__)

_PAGE_SIZE = 50
_MOST_HITS = 50
_MOST_SUGGESTIONS = 8
_MOST_QUERY_CHARACTERS = 200
_CLUSTERS_SHOWN = 8


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The search box; beneath it what was found, or clusters and all tracks."""
    query = request.args.get("q", "").strip()[:_MOST_QUERY_CHARACTERS]
    return _search_page(query) if query else _browse_page(request.args.get("after"))


@blueprint.get("/suggestions")
def suggestions() -> ResponseReturnValue:
    """The options of the search box while something is being typed."""
    query = request.args.get("q", "").strip()[:_MOST_QUERY_CHARACTERS]
    return render_template("library/suggestions.html", found=_find(query, _MOST_SUGGESTIONS))


def _search_page(query: str) -> str:
    found = _find(query, _MOST_HITS)
    return render_template("library/search.html", query=query, found=found, rows=[Row(track) for track in found.tracks])


def _find(query: str, limit: int) -> Found:
    return find_tracks(store().tracks, store().words, query, limit=limit)


def _browse_page(after: str | None) -> str:
    page = store().tracks.page(limit=_PAGE_SIZE, cursor=_decode_cursor(after) if after else None)
    active = store().serving.find_active()
    clusters = sorted(active.clusters.values(), key=lambda cluster: -cluster.size) if active else []
    return render_template(
        "library/home.html",
        rows=[Row(track) for track in page.tracks],
        after=after,
        next_after=_encode_cursor(page.next_cursor) if page.next_cursor else None,
        letters=[(letter.upper(), _encode_cursor(f"{letter}\x1e")) for letter in string.ascii_lowercase],
        clusters=clusters[:_CLUSTERS_SHOWN],
        cluster_count=len(clusters),
        wait=None if active else describe_wait(store().extraction_runs.latest()),
        notice=read_notice(settings().library),
    )


def _encode_cursor(cursor: str) -> str:
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def _decode_cursor(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True).decode()
    except (binascii.Error, ValueError):
        abort(400)
