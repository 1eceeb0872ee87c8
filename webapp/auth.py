"""Sign up, log in, log out."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from earwise.errors import DuplicateError
from earwise.log import fields
from earwise.passwords import hash_password, is_password, needs_rehash
from earwise.store.listeners import Listener, Role
from webapp.accounts import end_session, see_off, start_session
from webapp.context import settings, store
from webapp.forms import LogInForm, SignUpForm
from webapp.security import safe_next
from webapp.throttle import count_log_in, count_sign_up

log = logging.getLogger(__name__)
blueprint = Blueprint("auth", __name__)

_WRONG = "Wrong user name or password. Check both and try again."
_TAKEN = "This name is taken. Choose another one."


@blueprint.route("/log-in", methods=["GET", "POST"])
def log_in() -> ResponseReturnValue:
    """Begin a session."""
    form = LogInForm(request.form)
    if form.validate_on_submit():
        attempt = count_log_in(form.name.data)
        listener = _check_password(form.name.data, form.password.data)
        if listener:
            attempt.forgive()
            return _enter(listener)
        form.form_errors.append(_WRONG)
    elif current_user.is_authenticated:
        return redirect(_wanted())
    return render_template("auth/log_in.html", form=form, is_open=_is_open(), next=request.args.get("next"))


@blueprint.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> ResponseReturnValue:
    """Create a listener's account and begin a session."""
    if not _is_open():
        return render_template("auth/closed.html"), 403
    form = SignUpForm(request.form)
    if request.method == "POST":
        count_sign_up()
    if form.validate_on_submit():
        listener = _create_listener(form.name.data, form.password.data)
        if listener:
            return _enter(listener)
        form.name.errors = [*form.name.errors, _TAKEN]
    elif current_user.is_authenticated:
        return redirect(_wanted())
    return render_template("auth/sign_up.html", form=form, next=request.args.get("next"))


@blueprint.post("/log-out")
def log_out() -> ResponseReturnValue:
    """End the session; the browser forgets what it kept for the listener."""
    end_session()
    return see_off()


def _check_password(name: str, password: str) -> Listener | None:
    listener = store().listeners.get_by_name(name)
    if not is_password(password, listener.password_hash if listener else None):
        log.warning("log-in refused", extra=fields(name=repr(name[:64]), address=request.remote_addr))
        return None
    if listener and needs_rehash(listener.password_hash):
        store().listeners.set_password_hash(listener.listener_id, hash_password(password))
    return listener


def _create_listener(name: str, password: str) -> Listener | None:
    listeners = store().listeners
    # What keeps a name unique is the index: it must be there before the first account is.
    listeners.create_indexes()
    try:
        return listeners.add(name, hash_password(password), Role.LISTENER, datetime.now(UTC))
    except DuplicateError:
        return None


def _enter(listener: Listener) -> ResponseReturnValue:
    start_session(listener)
    return redirect(_wanted())


def _wanted() -> str:
    return safe_next(request.args.get("next")) or url_for("library.home")


def _is_open() -> bool:
    return settings().signup == "open"
