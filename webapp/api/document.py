"""The API's OpenAPI document: what every operation has in common is said here once."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import flask_smorest
from apispec import BasePlugin
from flask import Flask, Response, current_app, jsonify
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from webapp.api.schemas import ProblemSchema
from webapp.converters import FORMS
from webapp.problems import MIMETYPE

PREFIX = "/api/v1"
_DOCUMENT = "earwise_api_document"
_INTRODUCTION = (
    "Everything that the pages show of a library, and everything a listener does with it. "
    "Show an access token, made on the account page, as `Authorization: Bearer`; "
    "with a session in its place, what changes something has to send its CSRF token as `X-CSRFToken`."
)
# Python 3.13 calls the same status otherwise than 3.12.
_ERRORS = {"DEFAULT_ERROR": "What went wrong", HTTPStatus.UNPROCESSABLE_ENTITY.name: "What is wrong in which field"}
_NOT_MODIFIED = {"description": "What `If-None-Match` names is still what there is"}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "`ETag` of an answer that is kept",
}
#: An ETag as clients hand it back: a proxy that packs answers adds how to the one it passes on, or makes it a weak one.
ETAG = '(W/)?"([0-9a-f]{40})(-(gzip|zstd|br))?"'
#: The parameter of what may only replace what the client has seen.
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{ETAG}$"},
    "description": "`ETag` of what is to be replaced; without it the answer is 428",
}


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The document; errors are answered by the app's own handlers, as problem documents."""

    def _register_responses(self) -> None:
        for name, description in _ERRORS.items():
            content = {MIMETYPE: {"schema": ProblemSchema}}
            self.spec.components.response(name, {"description": description, "content": content}, lazy=True)

    def _register_error_handlers(self) -> None: ...

    def _register_pagination_header(self) -> None: ...


class _Conditional(BasePlugin):
    """Says of every GET that it may be conditional."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            if method == "get":
                operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
                operation["responses"][304] = _NOT_MODIFIED


class _Parser(FlaskParser):
    """Bodies that Python fails to read, such as brackets without end, are bad requests like all others.

    What is asked in an address, and is nothing that can be asked, is told rather than passed over.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def load_json(self, req: Any, schema: Any) -> Any:
        try:
            return super().load_json(req, schema)
        except (ValueError, RecursionError) as error:
            raise BadRequest("The body can't be read as JSON.") from error


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """Routes of one kind of thing."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"v1-{name}", __name__, url_prefix=PREFIX, description=description)


blueprint = Blueprint("document", "This document")


@blueprint.route("/openapi.json")
@blueprint.response(200, {"type": "object"})
def openapi() -> Response:
    """The API's OpenAPI document."""
    return jsonify(read_document())


def read_document() -> dict[str, Any]:
    """The document of the app that answers."""
    document: dict[str, Any] = current_app.extensions[_DOCUMENT].spec.to_dict()
    return document


def make_document(app: Flask) -> Api:
    """The document of an app whose blueprints are still to come."""
    bearer = {"type": "http", "scheme": "bearer", "description": "An access token, made on the account page"}
    api = app.extensions[_DOCUMENT] = Api(
        app,
        spec_kwargs={
            "title": "Earwise",
            "version": "1",
            "openapi_version": "3.1.0",
            "extra_plugins": [_Conditional()],
            "info": {"description": _INTRODUCTION},
            "security": [{"token": []}],
        },
    )
    api.spec.components.security_scheme("token", bearer)
    for name, form in FORMS.items():
        schema = {"type": "string", "pattern": f"^{form}$"}
        api.register_converter(app.url_map.converters[name], lambda converter, schema=schema: dict(schema))
    return api
