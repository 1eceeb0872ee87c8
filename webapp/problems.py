"""Errors of the API as RFC 9457 has them, and what tells its requests from those for pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

_PREFIX = "/api/"
MIMETYPE = "application/problem+json"


def is_api_request() -> bool:
    """Whether the answer is for a program; also where the address leads nowhere."""
    return request.path.startswith(_PREFIX)


def problem(status: int, detail: str | None, headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """A problem document; what kind it is says the status alone."""
    title = HTTP_STATUS_CODES.get(status, "Unknown error")
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail or title, **members}
    response = make_response(content)
    response.status_code, response.mimetype = status, MIMETYPE
    response.headers.update(headers or {})
    return response


def problem_of(error: HTTPException, headers: Mapping[str, str]) -> Response:
    """The problem document of an error, with what is wrong in each field where that is known."""
    wrong = getattr(error, "data", {}).get("messages")
    return problem(error.code or 500, error.description, headers, **({"errors": wrong} if wrong else {}))
