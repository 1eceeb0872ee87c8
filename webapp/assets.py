"""Static files under addresses that change with their content, so that browsers may keep them for good.

All files share one digest in their path, and not a parameter each: what a script imports by its relative path then has
the digest too, without a build step.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

ENDPOINT = "static"
_RELEASE = "STATIC_RELEASE"
_DIGEST_LENGTH = 12
_FOR_GOOD = "public, max-age=31536000, immutable"


def attach(app: Flask, folder: Path) -> None:
    """Serve the folder, give templates ``asset(name)`` and send static files with the right lifetime."""
    digest = app.config[_RELEASE] = _digest(folder)

    def send(release: str, filename: str) -> ResponseReturnValue:
        # Another release is that of a page which was open while the app was updated: it gets what there is now.
        return send_from_directory(folder, filename)

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


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]
