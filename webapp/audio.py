"""Streams a track's audio: only files that the store knows, only below the library's roots."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable, ServiceUnavailable, UnsupportedMediaType
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from earwise.errors import BusyError, LibraryError, LocalCopyError, UnreadableFileError, UnsupportedFormatError
from earwise.log import fields
from earwise.playback.playable import Playable, open_playable
from earwise.roots.opening import check_present
from earwise.store.tracks import Track, TrackFile
from webapp.context import settings, store

log = logging.getLogger(__name__)
blueprint = Blueprint("audio", __name__)

# A player asks for everything from here on and then reads slowly; a bounded answer gives its thread back soon.
_MOST_BYTES_PER_RANGE = 2 * 1024 * 1024
_BUSY_S = 5
# A full disk takes longer to be emptied.
_NO_COPY_S = 30
_NO_COPY = (
    "No copy that this track is played from can be written just now: "
    "the server's disk may be full or read-only. Its log says more."
)


@blueprint.get("/tracks/<track_id:track_id>/audio")
def stream(track_id: str) -> ResponseReturnValue:
    """The track's audio, whole or in ranges; converted where browsers don't play it as it is."""
    track = store().find_track(track_id)
    found = _open_first(track) if track else None
    return _send(*found) if found else abort(404)


def _open_first(track: Track) -> tuple[TrackFile, Playable] | None:
    """The first of the track's files that there is; the reason why it can't be played where none can."""
    refusal: UnsupportedFormatError | None = None
    no_copy: LocalCopyError | None = None
    for file in track.files:
        try:
            limit_s = settings().decode_timeout_s
            return file, open_playable(file.location, settings().roots, settings().copies, limit_s=limit_s)
        except UnsupportedFormatError as error:
            refusal = error  # the library may hold another copy, in another format
        except BusyError as error:
            raise ServiceUnavailable(str(error), retry_after=_BUSY_S) from error
        except LocalCopyError as error:
            log.warning("no local copy", extra=fields(file=file.location.display, error=error))
            no_copy = error  # another file of the track may need none
        except (UnreadableFileError, OSError):
            continue  # this copy is gone; the library may hold another
    if no_copy:
        raise ServiceUnavailable(_NO_COPY, retry_after=_NO_COPY_S) from no_copy
    if refusal:
        raise UnsupportedMediaType(f"No browser plays this file. {refusal}") from refusal
    _check_roots(track)
    return None


def _check_roots(track: Track) -> None:
    """Tell a file that is gone from a root that is away, whose other tracks would not play now either."""
    names = {file.location.root for file in track.files}
    for root in settings().roots:
        if root.name not in names:
            continue
        try:
            check_present(root)
        except LibraryError as error:
            log.warning("root away", extra=fields(root=root.name, error=error))
            raise ServiceUnavailable("The disk or server that holds this music can't be reached just now.") from error


def _send(file: TrackFile, playable: Playable) -> Response:
    opened = playable.opened
    # Werkzeug's own wrapper seeks to the start of a range, where a server's might read up to it.
    response = Response(FileWrapper(opened.reader), mimetype=playable.mimetype, direct_passthrough=True)
    response.content_length = opened.size_bytes
    response.set_etag(f"{file.location.key}-{opened.size_bytes:x}-{opened.version}")
    response.headers["Cache-Control"] = "private, no-cache"
    environ = _bound_range(dict(request.environ), opened.size_bytes)
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=opened.size_bytes)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response


def _bound_range(environ: dict[str, object], size_bytes: int) -> dict[str, object]:
    """The request with a range of at most `_MOST_BYTES_PER_RANGE`; without one that HTTP lets a server ignore."""
    wanted = parse_range_header(str(environ.pop("HTTP_RANGE", "")))
    # Several ranges, other units and nonsense are answered with the whole file, as if no range had been asked for.
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return environ
    begin, end = wanted.ranges[0]
    if begin < 0:
        begin = max(size_bytes + begin, 0)
    end = min(begin + _MOST_BYTES_PER_RANGE, size_bytes if end is None else end)
    # Beyond the end of the file stays what it is, and is refused.
    return environ | {"HTTP_RANGE": f"bytes={begin}-{max(end - 1, begin)}"}
