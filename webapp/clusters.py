"""Browse by sound: all clusters, and all tracks of one."""

from __future__ import annotations

from itertools import chain

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from webapp.context import store
from webapp.rows import ranked_rows

blueprint = Blueprint("clusters", __name__, url_prefix="/clusters")

_PAGE_SIZE = 50
_EXAMPLES = 3


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Every cluster with the tracks that are most typical of it."""
    active = store().serving.require_active()
    typical = store().serving.typical_tracks(active.model_id, active.clusters, limit=_EXAMPLES)
    tracks = store().tracks.get_many(near.track_id for near in chain.from_iterable(typical.values()))
    groups = [(cluster, ranked_rows(typical[number], tracks, {})) for number, cluster in active.clusters.items()]
    return render_template("clusters/overview.html", groups=groups)


@blueprint.get("/<int:number>")
def cluster(number: int) -> ResponseReturnValue:
    """All tracks of one cluster, the most typical first."""
    active = store().serving.require_active()
    chosen, page = active.clusters.get(number), request.args.get("page", 1, type=int)
    if chosen is None or not 1 <= page <= _page_count(chosen.size):
        abort(404)
    skip = (page - 1) * _PAGE_SIZE
    members = store().model_parts.cluster_members(active.model_id, number, skip=skip, limit=_PAGE_SIZE)
    rows = ranked_rows(members, store().tracks.get_many(near.track_id for near in members), {})
    return render_template(
        "clusters/cluster.html", cluster=chosen, rows=rows, first=skip + 1, page=page, pages=_page_count(chosen.size)
    )


def _page_count(size: int) -> int:
    return max(1, -(-size // _PAGE_SIZE))
