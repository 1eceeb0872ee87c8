"""Pictures of tracks: the cover that comes with the file, else a sound-print."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from earwise.playback.artwork import Picture, find_picture
from earwise.ranking.soundprint import draw_soundprint
from earwise.store.tracks import TrackFile
from webapp.assets import asset
from webapp.context import settings, store

blueprint = Blueprint("pictures", __name__)

# A picture hardly ever changes; where it did, the browser learns it by asking with the tag of the old one.
_WEEK = "private, max-age=604800"
_SVG = "image/svg+xml"
# Raised when sound-prints are drawn another way.
_STYLE = "1"


@blueprint.get("/tracks/<track_id:track_id>/picture")
def picture(track_id: str) -> ResponseReturnValue:
    """The track's cover; where there is none its sound-print."""
    track = store().tracks.get(track_id) or abort(404)
    # What the files say is known without opening them, so that a browser that has the picture costs no reading.
    tag = "-".join(f"{file.location.key}{file.mtime_ns:x}" for file in track.files[:1]) or "none"
    tag = f"{tag}-{_STYLE}"
    if request.if_none_match.contains(tag):
        return _sent(Response(status=304), tag)
    found = next((picture for file in track.files if (picture := _picture_of(file))), None)
    if found is None:
        return _draw(track_id, tag)
    return _sent(Response(found.content, mimetype=found.mimetype), tag)


@blueprint.get("/tracks/<track_id:track_id>/sound-print")
def soundprint(track_id: str) -> ResponseReturnValue:
    """The track's sound-print; before the first model a picture that all tracks share."""
    return _draw(track_id, f"{track_id}-{_STYLE}")


def _draw(track_id: str, tag: str) -> ResponseReturnValue:
    vector = store().serving.find_sounds(track_id).vectors.get(track_id)
    if vector is None:
        return redirect(asset("artwork.png"))
    return _sent(Response(draw_soundprint(vector), mimetype=_SVG), tag).make_conditional(request)


def _picture_of(file: TrackFile) -> Picture | None:
    return find_picture(file.location, settings().roots)


def _sent(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = _WEEK
    return response
