"""Ways through the library: radio, and paths from one track to another."""

from __future__ import annotations

from typing import Any

from flask import abort

from earwise.store.shelves import Kind, tracks_listing
from webapp.accounts import listener_id
from webapp.api.document import Blueprint
from webapp.api.known import require_known
from webapp.api.schemas import PathQuery, PlayedBody, TrackListSchema
from webapp.context import store
from webapp.journeys import begin_near, begin_with_track, find_way, go_on

blueprint = Blueprint("journeys", "Radio, and paths from one track to another")


@blueprint.route("/tracks/<track_id:track_id>/radio")
@blueprint.response(200, TrackListSchema)
def from_track(track_id: str) -> dict[str, Any]:
    """Radio from a track, which plays first."""
    seed = store().find_track(track_id) or abort(404, "There is no such track.")
    return {"items": begin_with_track(seed)}


@blueprint.route("/artists/<artist_key:artist_key>/radio")
@blueprint.response(200, TrackListSchema)
def from_artist(artist_key: str) -> dict[str, Any]:
    """Radio from an artist's tracks."""
    listing = tracks_listing(Kind.ARTIST, artist_key, "album")
    page = store().shelves.page(listing, 1) or abort(404, "There is no such artist.")
    return {"items": begin_near(page.entries)}


@blueprint.route("/clusters/<int:number>/radio")
@blueprint.response(200, TrackListSchema)
def from_cluster(number: int) -> dict[str, Any]:
    """Radio from the most typical tracks of a cluster."""
    _, members = store().serving.find_members(number) or abort(404, "There is no such cluster.")
    return {"items": begin_near(members)}


@blueprint.route("/playlists/<playlist_id:playlist_id>/radio")
@blueprint.response(200, TrackListSchema)
def from_playlist(playlist_id: str) -> dict[str, Any]:
    """Radio from a playlist's tracks."""
    found = store().playlists.get(listener_id(), playlist_id) or abort(404, "There is no such playlist.")
    return {"items": begin_near(found.tracks)}


@blueprint.route("/radio", methods=["POST"])
@blueprint.arguments(PlayedBody)
@blueprint.response(200, TrackListSchema)
def more(body: dict[str, Any]) -> dict[str, Any]:
    """What comes after the tracks that a radio has brought; changes nothing."""
    return {"items": go_on(body["played"])}


@blueprint.route("/path")
@blueprint.arguments(PathQuery, location="query")
@blueprint.response(200, TrackListSchema)
def path(query: dict[str, Any]) -> dict[str, Any]:
    """The tracks of a way from one track to another in small steps, both included."""
    way = find_way(query["first"], query["last"])
    if way is None:
        require_known(query["first"], query["last"])
        abort(404, "There is no way between these two in few steps.")
    return {"items": way}
