"""The map: every track where its sound puts it, and the same as a list."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from earwise.store.maps import PAGE_SIZE
from webapp.clusters import member_rows, rest_of_members
from webapp.context import store
from webapp.converters import FORMS
from webapp.paging import read_page_number
from webapp.tracks import require_ready

blueprint = Blueprint("sound_map", __name__, url_prefix="/map")

# An edition never changes; it is the listener's browser alone that keeps it, since nobody else may see the library.
_FOR_GOOD = "private, max-age=31536000, immutable"
_NEAR = 12
_TRACK = re.compile(FORMS["track_id"])


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """The map, and beneath it one cluster's tracks after the other."""
    track_id = request.args.get("track", "")
    # It becomes a part of an address in the page's script, and must not lead out of that.
    if track_id and not _TRACK.fullmatch(track_id):
        abort(404)
    active, drawn = store().serving.require_mapped()
    number, page = request.args.get("cluster", type=int), read_page_number()
    chosen = active.clusters.get(next(iter(active.clusters)) if number is None else number) or abort(404)
    if page > (drawn.pages(chosen.number) if drawn else 1):
        abort(404)
    return render_template(
        "sound_map/overview.html",
        drawn=drawn,
        clusters=active.clusters,
        chosen=chosen,
        track_id=track_id,
        page=page,
        first=(page - 1) * PAGE_SIZE + 1,
        rows=member_rows(drawn, chosen.number, page),
        rest=rest_of_members(drawn, chosen.number, page),
    )


@blueprint.get("/editions/<edition:edition>/points")
def points(edition: str) -> ResponseReturnValue:
    """Where all tracks lie: x and y of each as 16-bit integers, cluster by cluster."""
    kept = request.if_none_match
    if kept.is_strong(edition):
        return _keep(Response(status=304), edition)
    # Who asks for whatever edition there is did not say which one it was shown: it may never have been.
    packed = store().maps.points(edition) or abort(404)
    answer = Response(status=304) if kept.star_tag else Response(packed, mimetype="application/octet-stream")
    return _keep(answer, edition)


@blueprint.get("/editions/<edition:edition>/<int:cluster>/<int:rank>")
def card_at(edition: str, cluster: int, rank: int) -> ResponseReturnValue:
    """What the map says of the track at a place: its name, and how to play it."""
    found = store().maps.track_at(edition, cluster, rank) or abort(404)
    track = store().tracks.get_many([found]).get(found)
    return render_template("sound_map/card.html", track=track, places=())


@blueprint.get("/tracks/<track_id:track_id>")
def card_of(track_id: str) -> ResponseReturnValue:
    """What the map says of a track, with its place and those of its nearest neighbours."""
    track = require_ready(track_id)
    _, drawn = store().serving.require_mapped()
    found = store().serving.find_places(drawn.model_id, track.track_id, limit=_NEAR) if drawn else []
    places = [drawn.steps(place) for place in found] if drawn else []
    return render_template("sound_map/card.html", track=track, places=places)


def _keep(response: Response, edition: str) -> Response:
    response.set_etag(edition)
    response.headers["Cache-Control"] = _FOR_GOOD
    return response
