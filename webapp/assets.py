"""Static files under addresses that change with their content, so that browsers may keep them for good.

All files share one digest in their path, and not a parameter each: what a script imports by its relative path then has
the digest too, without a build step.

Texts among them are sent compressed, packed once as the app starts. Pages are not: they hold what is one listener's
beside what an address may bring in, and lengths of that tell on each other (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

ENDPOINT = "static"
_RELEASE = "STATIC_RELEASE"
_DIGEST_LENGTH = 12
_FOR_GOOD = "public, max-age=31536000, immutable"
_PACKED = (".css", ".js", ".svg")


def attach(app: Flask, folder: Path) -> None:
    """Serve the folder, give templates ``asset(name)`` and send static files with the right lifetime."""
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    digest = app.config[_RELEASE] = _digest(contents)
    packed = {name: _pack(content) for name, content in contents.items() if name.endswith(_PACKED)}

    def send(release: str, filename: str) -> ResponseReturnValue:
        # Another release is that of a page which was open while the app was updated: it gets what there is now.
        if filename in packed and request.accept_encodings["gzip"] > 0:
            answer = _send_packed(filename, packed[filename], digest)
        else:
            answer = send_from_directory(folder, filename)
        answer.vary.add("Accept-Encoding")
        return answer

    def set_lifetime(response: Response) -> Response:
        if request.endpoint == ENDPOINT and response.status_code < 400:
            is_current = (request.view_args or {}).get("release") == digest
            response.headers["Cache-Control"] = _FOR_GOOD if is_current else "public, no-cache"
        return response

    app.add_url_rule("/static/<release>/<path:filename>", ENDPOINT, send)
    app.jinja_env.globals["asset"] = asset
    app.after_request(set_lifetime)


def asset(name: str) -> str:
    """Address of a static file."""
    return url_for(ENDPOINT, release=current_app.config[_RELEASE], filename=name)


def _send_packed(name: str, content: bytes, digest: str) -> Response:
    response = Response(content, mimetype=mimetypes.guess_type(name)[0], headers={"Content-Encoding": "gzip"})
    response.set_etag(f"{digest}-gzip")
    response.make_conditional(request)
    return response


def _pack(content: bytes) -> bytes:
    # Without the time, so that all processes send the same.
    return gzip.compress(content, mtime=0)


def _digest(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:_DIGEST_LENGTH]
