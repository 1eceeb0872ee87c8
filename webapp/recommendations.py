"""A track, and the tracks that sound like it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.ranking.traits import TRAITS, compare, percentile_of
from earwise.store.model_parts import Neighbour
from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.context import store
from webapp.progress import describe_wait
from webapp.rows import ranked_rows

blueprint = Blueprint("recommendations", __name__)

# Few enough to be there at once, also on a phone; the others are one press away.
_FIRST_SHOWN = 25
# So many of the nearest may have left since the training before it takes another query to find who comes next.
_SPARE = 3


@blueprint.get("/tracks/<track_id:track_id>")
def track(track_id: str) -> ResponseReturnValue:
    """The seed track and its ranked neighbours."""
    active, placement = store().serving.find_placed(track_id)
    neighbours = placement.neighbours if placement else ()
    most = len(neighbours) if request.args.get("show") == "all" else _FIRST_SHOWN
    shown, tracks, has_more = _choose(track_id, neighbours, most)
    if track_id not in tracks:
        return _redirect_to_what_it_became(track_id)
    clusters = active.clusters if active else {}
    # Before the first model a page waits and asks how far that is, in place of what the listener said.
    judged = (near.track_id for near in shown)
    marks = store().ratings.marks(listener_id(), track_id, judged) if active else None
    return render_template(
        "recommendations/track.html",
        seed=tracks[track_id],
        cluster=clusters.get(placement.cluster) if placement and placement.cluster is not None else None,
        rows=ranked_rows(shown, tracks, clusters, longest=neighbours[-1].distance if neighbours else 0.0),
        has_more=has_more,
        is_known=placement is not None,
        model_id=active.model_id if active else None,
        marks=marks,
        wait=None if active else describe_wait(store().extraction_runs.latest()),
    )


@blueprint.get("/tracks/<track_id:seed_id>/why/<track_id:track_id>")
def why(seed_id: str, track_id: str) -> ResponseReturnValue:
    """What a seed track and another share, where they differ, and how near they are among all pairs."""
    tracks = store().tracks.get_many([seed_id, track_id])
    if seed_id not in tracks or track_id not in tracks:
        return _redirect_to_what_they_became(seed_id, track_id)
    sounds = store().serving.find_sounds(seed_id, track_id)
    ranked = store().serving.find_lists([seed_id], model_id=sounds.model_id).get(seed_id, ())
    near = next((near for near in ranked if near.track_id == track_id), None)
    seed, other = sounds.vectors.get(seed_id), sounds.vectors.get(track_id)
    return render_template(
        "recommendations/why.html",
        seed=tracks[seed_id],
        other=tracks[track_id],
        traits=TRAITS,
        comparison=None if seed is None or other is None else compare(seed, other),
        distance=near.distance if near else None,
        percentile=percentile_of(near.distance, sounds.distance_quantiles) if near else None,
    )


def _choose(seed_id: str, neighbours: Sequence[Neighbour], most: int) -> tuple[list[Neighbour], dict[str, Track], bool]:
    """The nearest neighbours that are still there, the tracks of them and of the seed, and whether there are more."""
    first, rest = neighbours[: most + _SPARE], neighbours[most + _SPARE :]
    tracks = store().tracks.get_many([seed_id, *(near.track_id for near in first)])
    present = [near for near in first if near.track_id in tracks]
    if len(present) < most and rest and seed_id in tracks:
        tracks |= store().tracks.get_many(near.track_id for near in rest)
        present, rest = [near for near in neighbours if near.track_id in tracks], ()
    return present[:most], tracks, len(present) > most or bool(rest)


def _redirect_to_what_they_became(seed_id: str, track_id: str) -> ResponseReturnValue:
    """Send to the same question about the tracks that files encoded anew have made of these."""
    became = store().aliases.resolve([seed_id, track_id]) or abort(404)
    seed_id, track_id = became.get(seed_id, seed_id), became.get(track_id, track_id)
    return redirect(url_for("recommendations.why", seed_id=seed_id, track_id=track_id))


def _redirect_to_what_it_became(track_id: str) -> ResponseReturnValue:
    """Send to the track that a file encoded anew has made of this one."""
    became = store().aliases.resolve([track_id]).get(track_id) or abort(404)
    return redirect(url_for("recommendations.track", track_id=became, show=request.args.get("show")))
