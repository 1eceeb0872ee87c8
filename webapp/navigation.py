"""Pages that change without the player stopping: links and forms replace a part of the page, by htmx.

Every page works without it. What is special about such a request is said here, and nowhere else.
"""

from __future__ import annotations

import json

from flask import Flask, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.security import safe_next

_CONFIG = {
    # Needs neither eval nor a style of its own, so that the policy can forbid both.
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    # Where something is replaced far down a page, the page stays there; links to others say that they begin at the top.
    "scrollIntoViewOnBoost": False,
    # Pages are about one listener: none is kept in the browser's storage.
    "historyCacheSize": 0,
    # Pages that say what is wrong are shown like all others.
    "responseHandling": [{"code": "204", "swap": False}, {"code": "...", "swap": True}],
}

# What the page does with links by itself (see layout.html), for a request that named a smaller part.
_WHOLE = {"HX-Retarget": "#page", "HX-Reselect": "#page > *", "HX-Reswap": "innerHTML show:window:top"}


def attach(app: Flask) -> None:
    """Give the layout its configuration, and keep addresses that take forms alone out of the history."""
    app.jinja_env.globals["navigation_config"] = json.dumps(_CONFIG)
    app.after_request(_keep_address)


def is_part_request() -> bool:
    """Whether the answer replaces a part of a page."""
    return "HX-Request" in request.headers


def wants_fragment() -> bool:
    """Whether the answer replaces less than the whole content of a page."""
    return is_part_request() and request.headers.get("HX-Target", "page") != "page"


def as_whole(response: Response) -> Response:
    """The answer, shown as the content of the page also where less than that was asked for."""
    if wants_fragment():
        response.headers.update(_WHOLE)
    return response


def leave_to(address: str, status: int = 401, *, event: str = "") -> Response:
    """An answer that makes the browser load another page whole, after the scripts have heard of an event."""
    return Response(status=status, headers={"HX-Redirect": address} | ({"HX-Trigger": event} if event else {}))


def lead_to(address: str) -> ResponseReturnValue:
    """An answer that leads to a page, and to the place on it that the address names after a ``#``.

    What asks for a part of a page is not told that place by a redirection.
    """
    if not is_part_request():
        return redirect(address)
    swap = {"target": "#page", "select": "#page > *", "swap": "innerHTML show:window:top"}
    return Response(status=204, headers={"HX-Location": json.dumps({"path": address} | swap)})


def came_from(fallback: str) -> str:
    """The page on which a form was sent, or a link pressed; else the fallback."""
    # Cut and not parsed: what parses an address raises on some that a browser never sends.
    origin = safe_next((request.referrer or "").partition(f"://{request.host}")[2])
    # Whoever has logged in is led on from there.
    is_entrance = (origin or "").partition("?")[0] in {url_for("auth.log_in"), url_for("auth.sign_up")}
    return fallback if origin is None or is_entrance else origin


def _keep_address(response: Response) -> Response:
    """Let a form that is answered in place leave the page's address: reload and Back would ask for the form's."""
    if is_part_request() and request.method == "POST":
        response.headers["HX-Push-Url"] = "false"
    return response
