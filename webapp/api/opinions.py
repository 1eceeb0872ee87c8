"""What the listener thinks: stars, favourites, and thumbs on recommendations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from earwise.store.ratings import Marks
from webapp.accounts import listener_id
from webapp.api.cursors import PAGE_SIZE, read_cursor, write_cursor
from webapp.api.document import Blueprint
from webapp.api.known import require_known
from webapp.api.schemas import RatedPageSchema, RatingBody, RatingSchema, RatingsQuery, ThumbBody
from webapp.context import store
from webapp.paging import as_moment
from webapp.tracks import became, became_all

blueprint = Blueprint("opinions", "Stars, favourites, and thumbs up or down on recommendations")

_RATING = "/ratings/<track_id:track_id>"
_THUMB = "/tracks/<track_id:seed_id>/similar/<track_id:track_id>/thumb"


@blueprint.route("/ratings")
@blueprint.arguments(RatingsQuery, location="query")
@blueprint.response(200, RatedPageSchema)
def ratings(query: dict[str, Any]) -> dict[str, Any]:
    """The tracks that the listener gave stars, or the favourites, the last first, page by page."""
    find = store().ratings.favourites if query["of"] == "favourites" else store().ratings.rated
    found = find(listener_id(), limit=PAGE_SIZE + 1, cursor=read_cursor(query, as_moment))
    page, tracks = found[:PAGE_SIZE], store().tracks.get_many(one.track_id for one in found)
    items = [{"track": tracks[one.track_id], "stars": one.stars} for one in page if one.track_id in tracks]
    return {"items": items, "next_cursor": write_cursor(page[-1].cursor) if len(found) > PAGE_SIZE else None}


@blueprint.route(_RATING)
@blueprint.response(200, RatingSchema)
def rating(track_id: str) -> Marks:
    """What the listener said of a track; no stars and no favourite where nothing was said."""
    return store().ratings.marks(listener_id(), became(track_id))


@blueprint.route(_RATING, methods=["PUT"])
@blueprint.arguments(RatingBody)
@blueprint.response(200, RatingSchema)
def rate(body: dict[str, Any], track_id: str) -> Marks:
    """Rate a track; 0 stars for none."""
    (current,) = require_known(track_id)
    _say(current, body["stars"], body["favourite"])
    return Marks(body["stars"], body["favourite"])


@blueprint.route(_RATING, methods=["DELETE"])
@blueprint.response(204)
def take_back(track_id: str) -> None:
    """Take a rating back: neither stars nor a favourite."""
    _say(became(track_id), 0, False)


@blueprint.route(_THUMB, methods=["PUT"])
@blueprint.arguments(ThumbBody)
@blueprint.response(204)
def set_thumb(body: dict[str, Any], seed_id: str, track_id: str) -> None:
    """Judge the recommendation of a track for another."""
    seed, track = require_known(seed_id, track_id)
    model_id, now = store().models.require_active_id(), datetime.now(UTC)
    store().ratings.set_thumb(listener_id(), seed, track, body["is_up"], model_id=model_id, now=now)


@blueprint.route(_THUMB, methods=["DELETE"])
@blueprint.response(204)
def take_thumb_back(seed_id: str, track_id: str) -> None:
    """Take the judgement of a recommendation back."""
    seed, track = became_all(seed_id, track_id)
    store().ratings.set_thumb(listener_id(), seed, track, None, model_id="", now=datetime.now(UTC))


def _say(track_id: str, stars: int, is_favourite: bool) -> None:
    now = datetime.now(UTC)
    store().ratings.set_stars(listener_id(), track_id, stars, now)
    store().ratings.set_favourite(listener_id(), track_id, is_favourite, now)
