"""Whether the web app and its store answer."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from earwise import __version__
from earwise.errors import StoreError
from webapp.context import store

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    """For process managers and load balancers; needs no session."""
    try:
        store().ping()
    except StoreError:
        return {"status": "unavailable", "store": "unreachable", "version": __version__}, 503
    return {"status": "ok", "store": "ok", "version": __version__}
