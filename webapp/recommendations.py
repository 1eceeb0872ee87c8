"""A track, and the tracks that sound like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.ranking.lists import LIST_LENGTH
from earwise.ranking.traits import TRAITS, compare, percentile_of
from earwise.store.ranked_lists import Neighbour
from earwise.store.ratings import Marks
from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.context import settings, store
from webapp.progress import describe_wait
from webapp.rows import ranked_rows

blueprint = Blueprint("recommendations", __name__)

# Few enough to be there at once, also on a phone; the others are one press away.
_FIRST_SHOWN = 25
# So many of the nearest may have left since the training before all others are looked up, to find who comes next.
_SPARE = 3


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The nearest neighbours that are still there, their tracks and the seed's, and what the listener said of them.

    Before the first model `marks` is None: a page waits and asks how far that is, in place of what the listener said.
    """

    shown: list[Neighbour]
    tracks: dict[str, Track]
    has_more: bool
    marks: Marks | None


@blueprint.get("/tracks/<track_id:track_id>")
def track(track_id: str) -> ResponseReturnValue:
    """The seed track and its ranked neighbours."""
    active, placement = store().serving.find_placed(track_id)
    neighbours = placement.neighbours if placement else ()
    most = len(neighbours) if request.args.get("show") == "all" else _FIRST_SHOWN
    chosen = _choose(track_id, neighbours, most, has_model=active is not None)
    if chosen is None:
        return _redirect_to_what_it_became(track_id)
    tracks, clusters = chosen.tracks, active.clusters if active else {}
    return render_template(
        "recommendations/track.html",
        seed=tracks[track_id],
        cluster=clusters.get(placement.cluster) if placement and placement.cluster is not None else None,
        rows=ranked_rows(chosen.shown, tracks, clusters, longest=neighbours[-1].distance if neighbours else 0.0),
        has_more=chosen.has_more,
        is_known=placement is not None,
        model_id=active.model_id if active else None,
        marks=chosen.marks,
        rule=_describe_rule(),
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
        list_length=LIST_LENGTH,
        rule=_describe_rule(),
    )


def _choose(seed_id: str, neighbours: Sequence[Neighbour], most: int, *, has_model: bool) -> _Chosen | None:
    """What a page shows of these, in two queries; None where the seed itself is not there."""
    first, rest = neighbours[: most + _SPARE], neighbours[most + _SPARE :]
    tracks = store().tracks.get_many([seed_id, *(near.track_id for near in first)])
    if seed_id not in tracks:
        return None
    if not has_model:
        return _Chosen([], tracks, has_more=False, marks=None)
    present = [near for near in first if near.track_id in tracks]
    is_enough = len(present) >= most
    wanted = () if is_enough else (near.track_id for near in rest)
    marks, others = store().ratings.marks_and_tracks(listener_id(), seed_id, wanted)
    tracks |= others
    if not is_enough:
        present, rest = [near for near in neighbours if near.track_id in tracks], ()
    return _Chosen(present[:most], tracks, len(present) > most or bool(rest), marks)


def _describe_rule() -> str:
    """What lists leave out, which is near too."""
    most = settings().per_artist
    of_artists = f", and an artist {'once' if most == 1 else f'at most {most} times'}" if most else ""
    return f"Of copies one is listed{of_artists}."


def _redirect_to_what_they_became(seed_id: str, track_id: str) -> ResponseReturnValue:
    """Send to the same question about the tracks that files encoded anew have made of these."""
    became = store().aliases.resolve([seed_id, track_id]) or abort(404)
    seed_id, track_id = became.get(seed_id, seed_id), became.get(track_id, track_id)
    return redirect(url_for("recommendations.why", seed_id=seed_id, track_id=track_id))


def _redirect_to_what_it_became(track_id: str) -> ResponseReturnValue:
    """Send to the track that a file encoded anew has made of this one."""
    became = store().aliases.resolve([track_id]).get(track_id) or abort(404)
    return redirect(url_for("recommendations.track", track_id=became, show=request.args.get("show")))
