"""What holds for every request of the API, before its view and after."""

from __future__ import annotations

import re

from flask import Flask, Response, current_app, g, jsonify, request
from flask_login import current_user
from marshmallow import Schema
from werkzeug.exceptions import (
    BadRequest,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    UnsupportedMediaType,
)
from werkzeug.http import generate_etag

from webapp.accounts import listener_id
from webapp.api.allowance import WINDOW_S, Allowance
from webapp.api.document import ETAG
from webapp.problems import is_api_request

# A playlist of as many tracks as it may have is 175 KB.
_MOST_BODY_BYTES = 256 * 1024
_ALLOWANCE = "earwise_api_allowance"


def attach(app: Flask, most_a_minute: int) -> None:
    """Guard the API of an app."""
    app.extensions[_ALLOWANCE] = Allowance(most_a_minute)
    app.before_request(_admit)
    app.after_request(_finish)


def require_match(schema: Schema, found: object) -> None:
    """Refuse a change of what is no longer as the client has seen it."""
    wanted = request.headers.get("If-Match")
    if not wanted:
        raise PreconditionRequired("Send the ETag of what is to be replaced as If-Match.")
    match = re.fullmatch(ETAG, wanted)
    if not match:
        raise BadRequest("If-Match has to be one ETag, as it was given out.")
    if match[2] != generate_etag(jsonify(schema.dump(found)).get_data()):
        raise PreconditionFailed("It was changed meanwhile. Read it again, and then decide.")


def _admit() -> None:
    if not is_api_request():
        return
    _count()
    # What leads nowhere is answered so, whatever was sent there.
    if request.endpoint is None:
        return
    request.max_content_length = _MOST_BODY_BYTES
    if (request.mimetype or request.content_length) and request.mimetype != "application/json" and _may_change():
        raise UnsupportedMediaType("Send JSON, as application/json.")
    # Without a CSRF token a session only reads; a token of the API is sent by nobody's browser on its own.
    if current_user.session_id is not None and current_app.config["WTF_CSRF_ENABLED"]:
        current_app.extensions["csrf"].protect()


def _may_change() -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _count() -> None:
    allowance: Allowance = current_app.extensions[_ALLOWANCE]
    if allowance.most:
        g.left = left = allowance.take(listener_id())
        if left.requests < 0:
            raise TooManyRequests("Too many requests. Wait until the minute is over.", retry_after=left.resets_s)


def _finish(response: Response) -> Response:
    if not is_api_request():
        return response
    if left := g.get("left"):
        most = current_app.extensions[_ALLOWANCE].most
        response.headers["RateLimit-Policy"] = f'"account";q={most};w={WINDOW_S}'
        response.headers["RateLimit"] = f'"account";r={max(left.requests, 0)};t={left.resets_s}'
    if request.method in ("GET", "HEAD") and response.status_code == 200:
        response.vary.update(("Authorization", "Cookie"))
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        # What If-Match guards is a change; to a reader werkzeug would send all that it refuses.
        response.make_conditional({name: value for name, value in request.environ.items() if name != "HTTP_IF_MATCH"})
    return response
