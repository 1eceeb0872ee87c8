"""Pictures of tracks: the cover that comes with the file, else a sound-print."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from earwise.errors import UnreadableFileError
from earwise.playback.artwork import Picture, find_picture, folder_version
from earwise.ranking.soundprint import draw_soundprint
from earwise.store.tracks import TrackFile
from earwise.store.vectors import Vector
from webapp.assets import asset
from webapp.context import settings, store
from webapp.tracks import became

blueprint = Blueprint("pictures", __name__)

# A picture hardly ever changes; where it did, the browser learns it by asking with the tag of the old one.
_WEEK = "private, max-age=604800"
_SVG = "image/svg+xml"


@blueprint.get("/tracks/<track_id:track_id>/picture")
def picture(track_id: str) -> ResponseReturnValue:
    """The track's cover; where there is none its sound-print."""
    track = store().find_track(track_id) or abort(404)
    tag = _tag_of(track.files[0]) if track.files else None
    if tag and request.if_none_match.contains(tag):
        return _kept(Response(status=304), tag)
    found = next((picture for file in track.files if (picture := _picture_of(file))), None)
    return _kept(Response(found.content, mimetype=found.mimetype), tag) if found else _draw(_hear(track.track_id))


@blueprint.get("/tracks/<track_id:track_id>/sound-print")
def soundprint(track_id: str) -> ResponseReturnValue:
    """The track's sound-print; before the first model a picture that all tracks share."""
    vector = _hear(track_id)
    return _draw(_hear(became(track_id)) if vector is None else vector)


def _hear(track_id: str) -> Vector | None:
    return store().serving.find_sounds(track_id).vectors.get(track_id)


def _draw(vector: Vector | None) -> ResponseReturnValue:
    if vector is None:
        return redirect(asset("artwork.png"))
    # Tagged by what it is: it is another one when a model of another way of listening is served.
    return _kept(Response(draw_soundprint(vector), mimetype=_SVG), None).make_conditional(request)


def _tag_of(file: TrackFile) -> str | None:
    """What the file and its folder say without being opened, so that a browser that has the cover costs no reading."""
    try:
        version = folder_version(file.location, settings().roots)
    except (UnreadableFileError, OSError):
        return None
    return f"{file.location.key}{file.mtime_ns:x}-{version}"


def _picture_of(file: TrackFile) -> Picture | None:
    return find_picture(file.location, settings().roots)


def _kept(response: Response, tag: str | None) -> Response:
    if tag:
        response.set_etag(tag)
    else:
        response.add_etag()
    response.headers["Cache-Control"] = _WEEK
    return response
