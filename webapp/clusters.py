"""Browse by sound: all clusters, and all tracks of one."""

from __future__ import annotations

from itertools import chain, islice

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from earwise.store.maps import PAGE_SIZE, SoundMap
from earwise.store.tracks import FOUND_AT_ONCE
from webapp.context import store
from webapp.paging import read_page_number
from webapp.pieces import Rest, read_pages, rest_of_pages
from webapp.rows import Row, ranked_rows

blueprint = Blueprint("clusters", __name__, url_prefix="/clusters")

_EXAMPLES = 3
# As many tracks as one query finds.
_PAGES_OF_A_PIECE = FOUND_AT_ONCE // PAGE_SIZE


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Every cluster with the tracks that are most typical of it."""
    active, drawn = store().serving.require_mapped()
    # Of more than fifty clusters fewer, so that one query finds them all.
    limit = min(_EXAMPLES, max(1, FOUND_AT_ONCE // len(active.clusters)))
    typical = store().maps.typical(drawn.edition, active.clusters, limit=limit) if drawn else {}
    shown = islice(chain.from_iterable(typical.values()), FOUND_AT_ONCE)
    tracks = store().tracks.get_many(near.track_id for near in shown)
    groups = [(each, ranked_rows(typical.get(number, []), tracks, {})) for number, each in active.clusters.items()]
    return render_template("clusters/overview.html", groups=groups, drawn=drawn)


@blueprint.get("/<int:number>")
def cluster(number: int) -> ResponseReturnValue:
    """All tracks of one cluster, the most typical first."""
    active, drawn = store().serving.require_mapped()
    chosen, page = active.clusters.get(number), read_page_number()
    if chosen is None or page > (drawn.pages(number) if drawn else 1):
        abort(404)
    return render_template(
        "clusters/cluster.html",
        cluster=chosen,
        drawn=drawn,
        page=page,
        first=(page - 1) * PAGE_SIZE + 1,
        rows=member_rows(drawn, number, page),
        rest=rest_of_members(drawn, number, page),
    )


@blueprint.get("/<int:number>/tracks")
def piece(number: int) -> ResponseReturnValue:
    """Some pages of the same as a bare list, for a queue that takes the whole of it from one of its pages."""
    (_, drawn), (first, last) = store().serving.require_mapped(), read_pages(_PAGES_OF_A_PIECE)
    if drawn is None or number not in drawn.sizes or first > drawn.pages(number):
        abort(404)
    rows = member_rows(drawn, number, first, last)
    return render_template("parts/piece.html", rows=rows, rest=rest_of_members(drawn, number, first, last))


def member_rows(drawn: SoundMap | None, number: int, page: int, last: int | None = None) -> list[Row]:
    """The tracks on a page of a cluster's list, or on all up to a last one; two queries."""
    members = store().maps.members(drawn.edition, number, page, last) if drawn else []
    return ranked_rows(members, store().tracks.get_many(near.track_id for near in members), {})


def rest_of_members(drawn: SoundMap | None, number: int, page: int, last: int | None = None) -> Rest:
    """The pieces around these pages of a cluster's list."""
    pages = drawn.pages(number) if drawn else page
    return rest_of_pages(page, last or page, pages, "clusters.piece", at_once=_PAGES_OF_A_PIECE, number=number)
