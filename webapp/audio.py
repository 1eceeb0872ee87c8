"""Streams a track's audio: only files that the store knows, only below the library's roots."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import FileWrapper

from earwise.errors import UnreadableFileError
from earwise.roots.opening import OpenFile, open_file
from earwise.store.tracks import Track, TrackFile
from webapp.context import settings, store

blueprint = Blueprint("audio", __name__)

# A player asks for everything from here on and then reads slowly; a bounded answer gives its thread back soon.
_MOST_BYTES_PER_RANGE = 2 * 1024 * 1024
_TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "wma": "audio/x-ms-wma",
}


@blueprint.get("/tracks/<track_id:track_id>/audio")
def stream(track_id: str) -> ResponseReturnValue:
    """The track's audio, whole or in ranges."""
    track = store().find_track(track_id)
    found = next(_open_files(track), None) if track else None
    if found is None:
        abort(404)
    file, opened = found
    # Werkzeug's own wrapper seeks to the start of a range, where a server's might read up to it.
    response = Response(FileWrapper(opened.reader), mimetype=_mimetype(file), direct_passthrough=True)
    response.content_length = opened.size_bytes
    response.set_etag(f"{file.location.key}-{opened.size_bytes:x}-{opened.version}")
    response.headers["Cache-Control"] = "private, no-cache"
    environ = _bound_range(dict(request.environ), opened.size_bytes)
    try:
        return response.make_conditional(environ, accept_ranges=True, complete_length=opened.size_bytes)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise


def _open_files(track: Track) -> Iterator[tuple[TrackFile, OpenFile]]:
    for file in track.files:
        try:
            yield _open(file)
        except (UnreadableFileError, OSError):
            continue  # this copy is gone; the library may hold another


def _open(file: TrackFile) -> tuple[TrackFile, OpenFile]:
    return file, open_file(file.location, settings().roots)


def _mimetype(file: TrackFile) -> str:
    extension = file.location.display.rpartition(".")[2].lower()
    return _TYPES.get(extension, "application/octet-stream")


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
