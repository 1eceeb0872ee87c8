"""A track, and the tracks that sound like it."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from webapp.accounts import listener_id
from webapp.context import store
from webapp.progress import describe_wait
from webapp.rows import ranked_rows

blueprint = Blueprint("recommendations", __name__)


@blueprint.get("/tracks/<track_id:track_id>")
def track(track_id: str) -> ResponseReturnValue:
    """The seed track and its ranked neighbours."""
    active, placement = store().serving.find_placed(track_id)
    neighbours = placement.neighbours if placement else ()
    tracks = store().tracks.get_many([track_id, *(near.track_id for near in neighbours)])
    if track_id not in tracks:
        abort(404)
    clusters = active.clusters if active else {}
    # Before the first model a page waits and asks how far that is, in place of what the listener said.
    judged = (near.track_id for near in neighbours)
    marks = store().ratings.marks(listener_id(), track_id, judged) if active else None
    return render_template(
        "recommendations/track.html",
        seed=tracks[track_id],
        cluster=clusters.get(placement.cluster) if placement and placement.cluster is not None else None,
        rows=ranked_rows(neighbours, tracks, clusters),
        is_known=placement is not None,
        model_id=active.model_id if active else None,
        marks=marks,
        wait=None if active else describe_wait(store().extraction_runs.latest()),
    )
