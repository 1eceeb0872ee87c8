"""What listeners think: stars, favourites, and thumbs up or down on a recommendation."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.context import store
from webapp.filters import clip
from webapp.forms import FavouriteForm, StarsForm, ThumbForm, checked
from webapp.messages import say
from webapp.navigation import came_from, wants_fragment
from webapp.paging import read_time_cursor
from webapp.pieces import Rest
from webapp.rows import Row
from webapp.tracks import became

blueprint = Blueprint("ratings", __name__)

_PAGE_SIZE = 50
_PIECE_SIZE = 100


@blueprint.post("/tracks/<track_id:track_id>/stars")
def set_stars(track_id: str) -> ResponseReturnValue:
    """Rate a track; the stars it has already take the rating back."""
    form, track = checked(StarsForm), _require(track_id)
    store().ratings.set_stars(listener_id(), track.track_id, form.stars.data, datetime.now(UTC))
    return _show_marks(track)


@blueprint.post("/tracks/<track_id:track_id>/favourite")
def set_favourite(track_id: str) -> ResponseReturnValue:
    """Take a track among the favourites, or out of them."""
    form, track = checked(FavouriteForm), _require(track_id)
    is_favourite = form.favourite.data == "yes"
    store().ratings.set_favourite(listener_id(), track.track_id, is_favourite, datetime.now(UTC))
    if not is_favourite and not wants_fragment():
        say(f"{clip(track.tags.title)} is no favourite any more.", undo=request.path, favourite="yes")
    return _show_marks(track)


@blueprint.get("/tracks/<track_id:track_id>/marks")
def marks(track_id: str) -> ResponseReturnValue:
    """What the listener said of a track, for the player."""
    found = store().ratings.marks(listener_id(), became(track_id))
    return {"stars": found.stars, "favourite": found.is_favourite}


@blueprint.post("/tracks/<track_id:track_id>/thumb")
def set_thumb(track_id: str) -> ResponseReturnValue:
    """Judge the recommendation of a track for a seed track."""
    form, track = checked(ThumbForm), _require(track_id)
    seed_id, is_up = became(form.seed.data), {"up": True, "down": False}.get(form.thumb.data)
    now, model_id = datetime.now(UTC), form.model.data
    store().ratings.set_thumb(listener_id(), seed_id, track.track_id, is_up, model_id=model_id, now=now)
    if not wants_fragment():
        return redirect(came_from(url_for("recommendations.track", track_id=seed_id)))
    return render_template("ratings/thumbs.html", track=track, seed_id=seed_id, model_id=model_id, is_up=is_up)


@blueprint.get("/favourites")
def favourites() -> ResponseReturnValue:
    """The listener's favourites."""
    return _show_list("favourites", "ratings/favourites.html")


@blueprint.get("/favourites/tracks")
def piece_of_favourites() -> ResponseReturnValue:
    """The same as a bare list, for a queue that takes them all."""
    return _show_list("favourites", "parts/piece.html", _PIECE_SIZE)


@blueprint.get("/rated")
def rated() -> ResponseReturnValue:
    """The tracks that the listener gave stars."""
    return _show_list("rated", "ratings/rated.html")


@blueprint.get("/rated/tracks")
def piece_of_rated() -> ResponseReturnValue:
    """The same as a bare list, for a queue that takes them all."""
    return _show_list("rated", "parts/piece.html", _PIECE_SIZE)


def _require(track_id: str) -> Track:
    return store().find_track(track_id) or abort(404)


def _show_marks(track: Track) -> ResponseReturnValue:
    if not wants_fragment():
        return redirect(came_from(url_for("recommendations.track", track_id=track.track_id)))
    found = store().ratings.marks(listener_id(), track.track_id)
    return render_template("ratings/marks.html", track=track, marks=found)


def _show_list(name: str, template: str, size: int = _PAGE_SIZE) -> ResponseReturnValue:
    ratings = store().ratings
    find = {"favourites": ratings.favourites, "rated": ratings.rated}[name]
    found = find(listener_id(), limit=size + 1, cursor=read_time_cursor())
    tracks = store().tracks.get_many(one.track_id for one in found)
    shown = found[:size]
    rows = [Row(tracks[one.track_id], stars=one.stars) for one in shown if one.track_id in tracks]
    is_first, next_after = "after" not in request.args, shown[-1].cursor if len(found) > size else None
    return render_template(
        template,
        rows=rows,
        missing=len(shown) - len(rows),
        next_after=next_after,
        is_first=is_first,
        rest=_rest_of(name, is_first, next_after),
    )


def _rest_of(name: str, is_first: bool, next_after: str | None) -> Rest:
    """The pieces around what is shown of a list; of what comes before a moment there are none."""
    endpoint = f"ratings.piece_of_{name}"
    return Rest(
        beginning=None if is_first else url_for(endpoint),
        later=url_for(endpoint, after=next_after) if next_after else None,
    )
