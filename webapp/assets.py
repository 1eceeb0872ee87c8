"""Static files under addresses that change with their content, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, request, url_for

_DIGEST_LENGTH = 12
_FOR_GOOD = "public, max-age=31536000, immutable"


def attach(app: Flask) -> None:
    """Give templates ``asset(name)`` and send static files with the right lifetime."""
    folder = Path(str(app.static_folder))
    digests = {path.relative_to(folder).as_posix(): _digest(path) for path in folder.rglob("*") if path.is_file()}

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=digests[name])

    def set_lifetime(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code < 400:
            name = (request.view_args or {}).get("filename", "")
            is_current = request.args.get("v") == digests.get(name, "")
            response.headers["Cache-Control"] = _FOR_GOOD if is_current else "public, no-cache"
        return response

    app.jinja_env.globals["asset"] = asset
    app.after_request(set_lifetime)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGEST_LENGTH]
