"""A track, and the tracks that sound like it."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
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
        return _redirect_to_what_it_became(track_id)
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


def _redirect_to_what_it_became(track_id: str) -> ResponseReturnValue:
    """Send to the track that a file encoded anew has made of this one."""
    became = store().find_track(track_id)
    if became is None or became.track_id == track_id:
        abort(404)
    return redirect(url_for("recommendations.track", track_id=became.track_id))
