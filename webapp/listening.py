"""What was listened to."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from earwise.errors import DuplicateError
from webapp.accounts import listener_id
from webapp.context import store
from webapp.forms import HeardForm, checked
from webapp.paging import read_time_cursor
from webapp.rows import Row

blueprint = Blueprint("listening", __name__)

_PAGE_SIZE = 50


@blueprint.post("/tracks/<track_id:track_id>/heard")
def heard(track_id: str) -> ResponseReturnValue:
    """Record how much of a track was heard, as the player tells it."""
    form, track = checked(HeardForm), store().find_track(track_id) or abort(404)
    told = {"heard_s": form.heard_s.data, "duration_s": track.duration_s, "now": datetime.now(UTC)}
    try:
        store().events.record(listener_id(), form.listening.data, track.track_id, **told)
    except DuplicateError:
        abort(409)
    return "", 204


@blueprint.get("/history")
def history() -> ResponseReturnValue:
    """What the listener played, the last first."""
    plays = store().events.plays(listener_id(), limit=_PAGE_SIZE + 1, cursor=read_time_cursor())
    tracks = store().tracks.get_many({play.track_id for play in plays})
    shown = plays[:_PAGE_SIZE]
    rows, listed = list[Row](), set[str]()
    for play in shown:
        if track := tracks.get(play.track_id):
            rows.append(Row(track, at=play.at, is_again=play.track_id in listed))
            listed.add(play.track_id)
    return render_template(
        "listening/history.html",
        rows=rows,
        missing=len(shown) - len(rows),
        next_after=plays[_PAGE_SIZE - 1].cursor if len(plays) > _PAGE_SIZE else None,
        is_first="after" not in request.args,
    )
