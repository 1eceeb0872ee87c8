"""Pictures of tracks: the cover that comes with the file, else a sound-print."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue

from earwise.errors import BusyError, UndrawnError, UnreadableFileError
from earwise.playback.artwork import Picture, find_picture, folder_version
from earwise.playback.covers import DRAWING, SIZES_PX, find_cover
from earwise.ranking.soundprint import draw_soundprint
from earwise.store.tracks import Track, TrackFile
from earwise.store.vectors import Vector
from webapp.assets import asset
from webapp.context import settings, store
from webapp.tracks import became

blueprint = Blueprint("pictures", __name__)

# A picture hardly ever changes; where it did, the browser learns it by asking with the tag of the old one.
_WEEK = "private, max-age=604800"
# What stands in for a cover that can't be had just now is asked for again soon.
_MOMENT = "private, max-age=10"
# Pages ask again by themselves (static/app/covers.js).
_BUSY_S = 1
_SVG = "image/svg+xml"


@blueprint.get("/tracks/<track_id:track_id>/picture")
def picture(track_id: str) -> ResponseReturnValue:
    """The track's cover, in one of the sizes of pages or as it came; where there is none its sound-print."""
    track, size_px = store().find_track(track_id) or abort(404), _wanted_size_px()
    tag = _tag_of(track.files[0], size_px) if track.files else None
    if tag and request.if_none_match.contains(tag):
        return _kept(Response(status=304), tag)
    try:
        found = _find(track, size_px)
    except BusyError as error:
        headers = {"Retry-After": str(_BUSY_S), "Cache-Control": "no-store"}
        return Response(str(error), 503, headers, mimetype="text/plain")
    except (UndrawnError, UnreadableFileError, OSError):
        response = make_response(_draw(_hear(track.track_id)))
        response.headers["Cache-Control"] = _MOMENT
        return response
    return _kept(Response(found.content, mimetype=found.mimetype), tag) if found else _draw(_hear(track.track_id))


@blueprint.get("/tracks/<track_id:track_id>/sound-print")
def soundprint(track_id: str) -> ResponseReturnValue:
    """The track's sound-print; before the first model a picture that all tracks share."""
    vector = _hear(track_id)
    return _draw(_hear(became(track_id)) if vector is None else vector)


def _wanted_size_px() -> int | None:
    """One of the sizes of pages; none where the address asks for the picture as it came."""
    wanted = request.args.get("size")
    if wanted is None:
        return None
    return next((size_px for size_px in SIZES_PX if wanted == str(size_px)), None) or abort(404)


def _find(track: Track, size_px: int | None) -> Picture | None:
    missed: Exception | None = None
    for file in track.files:
        try:
            if picture := _picture_of(file, size_px):
                return picture
        except (UndrawnError, UnreadableFileError, OSError) as error:
            missed = error  # another file of the track may be there, and have one
    if missed:
        raise missed
    return None


def _hear(track_id: str) -> Vector | None:
    return store().serving.find_sounds(track_id).vectors.get(track_id)


def _draw(vector: Vector | None) -> ResponseReturnValue:
    if vector is None:
        return redirect(asset("artwork.png"))
    # Tagged by what it is: it is another one when a model of another way of listening is served.
    return _kept(Response(draw_soundprint(vector), mimetype=_SVG), None).make_conditional(request)


def _tag_of(file: TrackFile, size_px: int | None) -> str | None:
    """What the file and its folder say without being opened, so that a browser that has the cover costs no reading."""
    version = _version_of(file)
    drawn = f"-{size_px}-{DRAWING}" if size_px else ""
    return f"{file.location.key}{version}{drawn}" if version else None


def _version_of(file: TrackFile) -> str | None:
    try:
        return f"{file.mtime_ns:x}-{folder_version(file.location, settings().roots)}"
    except (UnreadableFileError, OSError):
        return None


def _picture_of(file: TrackFile, size_px: int | None) -> Picture | None:
    roots = settings().roots
    if size_px is None:
        return find_picture(file.location, roots)
    return find_cover(file.location, roots, _version_of(file), size_px, settings().covers)


def _kept(response: Response, tag: str | None) -> Response:
    if tag:
        response.set_etag(tag)
    else:
        response.add_etag()
    response.headers["Cache-Control"] = _WEEK
    return response
