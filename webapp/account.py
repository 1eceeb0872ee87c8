"""A listener's own account: the password, access tokens, everything that is kept about it, and its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from earwise.errors import TooManyTokensError
from earwise.passwords import hash_password, is_password
from earwise.store.personal import PERSONAL
from webapp.accounts import listener_id, see_off
from webapp.context import store
from webapp.forms import DeleteAccountForm, PasswordForm, TokenForm
from webapp.messages import say
from webapp.throttle import count_log_in

blueprint = Blueprint("account", __name__, url_prefix="/account")

_WRONG = "This is not your password. Type it again."


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """What can be done with the account."""
    return _show()


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Take another password; sessions elsewhere end."""
    form = PasswordForm(request.form)
    if form.validate() and _is_own(form):
        store().listeners.set_password_hash(listener_id(), hash_password(form.password.data))
        store().listeners.end_other_sessions(listener_id(), current_user.session_id)
        say("Your password is changed. Everywhere else you are logged out.")
        return redirect(url_for("account.overview"))
    return _show(password=form), 400


@blueprint.post("/tokens")
def make_token() -> ResponseReturnValue:
    """Make an access token, and show it this once."""
    form = TokenForm(request.form)
    if form.validate() and _is_own(form):
        try:
            return _show(made=store().tokens.create(listener_id(), form.name.data, datetime.now(UTC)))
        except TooManyTokensError as error:
            form.name.errors = [str(error)]
    return _show(token=form), 400


@blueprint.post("/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> ResponseReturnValue:
    """Let an access token be good no more."""
    if not store().tokens.revoke(listener_id(), token_id):
        abort(404)
    say("The access token is revoked.")
    return redirect(url_for("account.overview"))


@blueprint.get("/export")
def export() -> ResponseReturnValue:
    """Everything that is kept about the listener, as one JSON file."""
    # What can't be taken back any more is not kept, though nobody may have looked since.
    store().playlists.forget_deleted(datetime.now(UTC))
    personal = store().personal
    kept: dict[str, Any] = {name: list(personal.documents(listener_id(), name)) for name in PERSONAL}
    tracks = store().tracks.get_many(_track_ids(kept))
    titles = {track_id: {"title": track.tags.title, "artist": track.tags.artist} for track_id, track in tracks.items()}
    account = personal.account(listener_id())
    response = current_app.json.response({"account": account, **kept, "tracks": titles})
    response.headers.set("Content-Disposition", "attachment", filename="earwise.json")
    return response


@blueprint.post("/delete")
def delete() -> ResponseReturnValue:
    """Delete the account and all that is kept about the listener."""
    form = DeleteAccountForm(request.form)
    if form.validate() and _is_own(form):
        store().personal.erase(listener_id())
        session.clear()
        return see_off()
    return _show(deletion=form), 400


def _is_own(form: PasswordForm | TokenForm | DeleteAccountForm) -> bool:
    """Whether the password that is in use was given; an open session proves less than that."""
    attempt = count_log_in(current_user.name)
    if is_password(form.current.data, current_user.listener.password_hash):
        attempt.forgive()
        return True
    form.current.errors = [*form.current.errors, _WRONG]
    return False


def _show(**given: FlaskForm | str) -> str:
    """The page with what was filled in, and a token that was just made."""
    kinds = {"password": PasswordForm, "token": TokenForm, "deletion": DeleteAccountForm}
    forms = {name: kind(formdata=None) for name, kind in kinds.items()}
    return render_template("account/overview.html", tokens=store().tokens.of(listener_id()), **forms | given)


def _track_ids(kept: dict[str, list[dict[str, Any]]]) -> Iterable[str]:
    documents = [document for name in PERSONAL for document in kept[name]]
    named = {document[key] for document in documents for key in ("track_id", "seed_id") if key in document}
    return named.union(*(document["tracks"] for document in documents if "tracks" in document))
