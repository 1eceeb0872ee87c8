"""Headers, cookies and redirects that keep a session where it belongs."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface

from webapp.context import settings

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SessionInterface(SecureCookieSessionInterface):
    """Sessions whose cookie is Secure whenever the request came by HTTPS, and always in production."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this answer's cookie is for HTTPS only."""
        return settings().is_production or request.is_secure


def attach(app: Flask) -> None:
    """Use these cookies and send these headers."""
    app.session_interface = SessionInterface()
    app.after_request(_add_headers)


def safe_next(target: str | None) -> str | None:
    """The target if it is a path of this site, else None.

    >>> safe_next("/clusters?page=2"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/clusters?page=2', None, None)
    """
    # Browsers read a backslash as a slash and drop tabs and line breaks, so none of those may stand in it. What then
    # begins with a single slash is a path; it is not parsed, because parsing fails on what only looks like a host.
    if not target or "\\" in target or not target.isprintable():
        return None
    return target if target.startswith("/") and not target.startswith("//") else None


def _add_headers(response: Response) -> Response:
    response.headers.extend({name: value for name, value in _HEADERS.items() if name not in response.headers})
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    # Pages are about one listener: no cache keeps them, so that Back after logging out shows nothing.
    response.headers.setdefault("Cache-Control", "no-store")
    return response
