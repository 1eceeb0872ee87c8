"""Own pages for what goes wrong, and problem documents for programs.

They are made without the store and without knowing who asks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from earwise.errors import ModelNotFoundError, PlaylistFullError, StoreError
from earwise.log import fields
from webapp.context import store
from webapp.navigation import as_whole
from webapp.problems import is_api_request, problem, problem_of
from webapp.progress import describe_wait

log = logging.getLogger(__name__)

_PAGES = {
    400: ("That request made no sense", "Part of the address or the form could not be read. Go back and try again."),
    403: ("Not for this account", "Your account may not see this page. An admin can."),
    404: ("Nothing here", "This page does not exist, or the track is no longer in the library."),
    405: ("Not that way", "This address does not take that kind of request. Go back and use the page's own buttons."),
    413: ("Too much at once", "What was sent is larger than any form here needs. Shorten it and try again."),
    429: ("Too many tries", "Wait ten minutes, then try again. Nothing is lost."),
    500: ("Something broke", "The fault is ours and was written to the log. Try again in a moment."),
}
_STORE_AWAY = ("The library can't be reached", "Its database does not answer just now. Try again in a moment.")
_EXPIRED_FORM = (
    "This form is no longer good",
    "The page was open for too long, or the browser refuses cookies. Go back, reload the page and send it again.",
)


def attach(app: Flask) -> None:
    """Show these pages."""
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(CSRFError, _show_expired_form)
    app.register_error_handler(StoreError, _show_store_error)
    app.register_error_handler(ModelNotFoundError, _show_not_trained)
    app.register_error_handler(PlaylistFullError, _show_full)


def _show_http_error(error: HTTPException) -> Response:
    code = error.code or 500
    # Allow, Content-Range and their like belong to the answer; the content is ours.
    headers = {name: value for name, value in error.get_headers(request.environ) if name != "Content-Type"}
    if is_api_request():
        return problem_of(error, headers)
    title, sentence = _PAGES.get(code, (error.name, error.description or ""))
    return _show(code, title, sentence, headers)


def _show_expired_form(error: CSRFError) -> Response:
    if is_api_request():
        return problem(403, f"A session has to send its CSRF token as X-CSRFToken. {error.description}")
    return _show(400, *_EXPIRED_FORM)


def _show_store_error(error: StoreError) -> Response:
    log.error("store unreachable", extra=fields(error=error))
    headers = {"Retry-After": "10"}
    return problem(503, _STORE_AWAY[1], headers) if is_api_request() else _show(503, *_STORE_AWAY, headers)


def _show_not_trained(error: ModelNotFoundError) -> Response:
    if is_api_request():
        return problem(404, "There are no recommendations before the first model is trained.")
    wait = describe_wait(store().extraction_runs.latest())
    return as_whole(make_response(render_template("not_trained.html", wait=wait)))


def _show_full(error: PlaylistFullError) -> Response:
    return problem(409, str(error)) if is_api_request() else _show(409, "There is no room for more", str(error))


def _show(code: int, title: str, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    accepted = request.accept_mimetypes
    if accepted["application/json"] > accepted["text/html"]:
        response = jsonify(status=code, title=title, detail=sentence)
    else:
        response = make_response(render_template("errors/error.html", code=code, title=title, sentence=sentence))
    response.status_code = code
    response.headers.update(headers or {})
    return as_whole(response)
