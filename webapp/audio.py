"""Streams a track's audio: only files that the store knows, only below the library's roots."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wsgi import wrap_file

from earwise.errors import UnreadableFileError
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


@dataclass(frozen=True, slots=True)
class _OpenFile:
    reader: BufferedReader
    size_bytes: int
    mtime_ns: int
    mimetype: str
    key: str


@blueprint.get("/tracks/<track_id:track_id>/audio")
def stream(track_id: str) -> ResponseReturnValue:
    """The track's audio, whole or in ranges."""
    track = store().tracks.get(track_id)
    opened = next(_open_files(track), None) if track else None
    if opened is None:
        abort(404)
    response = Response(wrap_file(request.environ, opened.reader), mimetype=opened.mimetype, direct_passthrough=True)
    response.content_length = opened.size_bytes
    response.set_etag(f"{opened.key}-{opened.size_bytes:x}-{opened.mtime_ns:x}")
    response.headers["Cache-Control"] = "private, no-cache"
    environ = _bound_range(dict(request.environ), opened.size_bytes)
    try:
        return response.make_conditional(environ, accept_ranges=True, complete_length=opened.size_bytes)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise


def _open_files(track: Track) -> Iterator[_OpenFile]:
    for file in track.files:
        try:
            yield _open(file)
        except (UnreadableFileError, OSError):
            continue  # this copy is gone; the library may hold another


def _open(file: TrackFile) -> _OpenFile:
    location = file.location.locate(settings().library)
    # The location has no links; NOFOLLOW and NONBLOCK keep it so if it is swapped for a link or a pipe meanwhile.
    reader = os.fdopen(os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    status = os.fstat(reader.fileno())
    if not stat.S_ISREG(status.st_mode):
        reader.close()
        raise UnreadableFileError("This is not a file.")
    extension = file.location.display.rpartition(".")[2].lower()
    mimetype = _TYPES.get(extension, "application/octet-stream")
    return _OpenFile(reader, status.st_size, status.st_mtime_ns, mimetype, file.location.key)


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
