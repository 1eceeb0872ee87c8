"""What was listened to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort

from earwise.errors import DuplicateError
from webapp.accounts import listener_id
from webapp.api.cursors import PAGE_SIZE, read_cursor, write_cursor
from webapp.api.document import Blueprint
from webapp.api.schemas import EventBody, EventSchema, PageQuery, PlayPageSchema
from webapp.context import store
from webapp.paging import as_moment

blueprint = Blueprint("events", "What was listened to")


@blueprint.route("/events")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, PlayPageSchema)
def plays(query: dict[str, Any]) -> dict[str, Any]:
    """What the listener played, the last first, page by page; what was skipped is not listed."""
    found = store().events.plays(listener_id(), limit=PAGE_SIZE + 1, cursor=read_cursor(query, as_moment))
    page, tracks = found[:PAGE_SIZE], store().tracks.get_many({play.track_id for play in found})
    items = [{"track": tracks[play.track_id], "at": play.at} for play in page if play.track_id in tracks]
    return {"items": items, "next_cursor": write_cursor(page[-1].cursor) if len(found) > PAGE_SIZE else None}


@blueprint.route("/events/<listening_id:listening_id>", methods=["PUT"])
@blueprint.arguments(EventBody)
@blueprint.response(200, EventSchema)
def record(body: dict[str, Any], listening_id: str) -> dict[str, Any]:
    """Tell how much of a track was heard, this one time; told again the longest counts.

    It is a play after 30 seconds or half of the track, and a skip before. The client makes up the id of the time.
    """
    track = store().find_track(body["track_id"]) or abort(404, "There is no such track.")
    told = {"heard_s": body["heard_s"], "duration_s": track.duration_s, "now": datetime.now(UTC)}
    try:
        return {"is_play": store().events.record(listener_id(), listening_id, track.track_id, **told)}
    except DuplicateError:
        abort(409, "That time it was another track. Make up another id for this one.")
