"""Who is asking: the listener of the session or of an access token. Everybody else is sent to log in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, Request, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from earwise.store.listeners import Listener, Role
from webapp.context import store
from webapp.navigation import is_part_request, leave_to
from webapp.problems import is_api_request

# The only endpoints that answer without a session.
PUBLIC = frozenset({"auth.log_in", "auth.sign_up", "health.health", "static"})
# What a token is good for beside the API: what its answers point to.
_TOKEN_READS = frozenset({"audio.stream", "pictures.picture"})
_CHALLENGE = WWWAuthenticate("bearer", {"realm": "Earwise"})


@dataclass(frozen=True, slots=True)
class Account:
    """The listener who asks, as Flask-Login wants it; without a session where a token was shown."""

    listener: Listener
    session_id: str | None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the cookie remembers."""
        return f"{self.listener.listener_id}.{self.session_id}"

    @property
    def name(self) -> str:
        """As typed at sign-up."""
        return self.listener.name

    @property
    def is_admin(self) -> bool:
        """Whether the account may see the admin pages."""
        return self.listener.role is Role.ADMIN


def attach(app: Flask) -> None:
    """Load listeners from the session and guard every page that is not public."""
    manager = LoginManager()
    # Its context processor would ask the store for the listener while the page that says "no store" is made.
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)
    manager.request_loader(_load_by_token)
    app.jinja_env.globals["current_user"] = current_user
    app.before_request(_require_session)


def start_session(listener: Listener) -> None:
    """Begin a fresh session: nothing of the one before the log-in is kept."""
    end_session()
    session.permanent = True
    login_user(Account(listener, store().listeners.begin_session(listener.listener_id)))


def end_session() -> None:
    """End the session here, and for every copy of its cookie."""
    if current_user.is_authenticated:
        store().listeners.end_session(current_user.listener.listener_id, current_user.session_id)
    session.clear()


def see_off() -> Response:
    """The answer that follows the end of a session: the browser forgets what it kept for the listener."""
    entrance = url_for("auth.log_in")
    answer = leave_to(entrance, 200, event="sessionOver") if is_part_request() else redirect(entrance)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def listener_id() -> str:
    """Whose request this is."""
    found: str = current_user.listener.listener_id
    return found


def _load(remembered: str) -> Account | None:
    # Who shows a token is judged by that alone: a session beside it does not make a bad one good.
    if _shows_token():
        return None
    listener_id, _, session_id = remembered.partition(".")
    listener = store().listeners.get(listener_id)
    return Account(listener, session_id) if listener and session_id in listener.sessions else None


def _load_by_token(request: Request) -> Account | None:
    token = request.authorization.token if request.authorization and _shows_token() else None
    listener = store().tokens.find_owner(token, datetime.now(UTC)) if token else None
    return Account(listener, None) if listener else None


def _shows_token() -> bool:
    # What a proxy in front wants to be shown, such as a name and a password, says nothing here.
    takes_tokens = is_api_request() or request.endpoint in _TOKEN_READS
    return takes_tokens and request.authorization is not None and request.authorization.type == "bearer"


def _require_session() -> Response | None:
    if request.endpoint in PUBLIC or current_user.is_authenticated:
        return None
    if is_api_request() or _shows_token():
        raise Unauthorized("Show an access token of yours, as Authorization: Bearer.", www_authenticate=_CHALLENGE)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    entrance = url_for("auth.log_in", next=None if wanted == "/" else wanted)
    return leave_to(entrance) if is_part_request() else redirect(entrance)
