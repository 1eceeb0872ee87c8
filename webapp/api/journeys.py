"""Ways through the library: radio, and paths from one track to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort

from earwise.store.shelves import Kind, tracks_listing
from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.api.document import Blueprint
from webapp.api.schemas import PathQuery, PlayedBody, TrackListSchema
from webapp.context import store
from webapp.journeys import begin_near, begin_with_track, find_way, go_on

blueprint = Blueprint("journeys", "Radio, and paths from one track to another")


@blueprint.route("/tracks/<track_id:track_id>/radio")
@blueprint.response(200, TrackListSchema)
def from_track(track_id: str) -> dict[str, Any]:
    """Radio from a track, which plays first."""
    seed = store().find_track(track_id) or abort(404, "There is no such track.")
    return _in_order(begin_with_track(seed.track_id, seed.tags.artist))


@blueprint.route("/artists/<artist_key:artist_key>/radio")
@blueprint.response(200, TrackListSchema)
def from_artist(artist_key: str) -> dict[str, Any]:
    """Radio from an artist's tracks."""
    listing = tracks_listing(Kind.ARTIST, artist_key, "album")
    page = store().shelves.page(listing, 1) or abort(404, "There is no such artist.")
    return _in_order(begin_near(page.entries))


@blueprint.route("/clusters/<int:number>/radio")
@blueprint.response(200, TrackListSchema)
def from_cluster(number: int) -> dict[str, Any]:
    """Radio from the most typical tracks of a cluster."""
    _, members = store().serving.find_members(number) or abort(404, "There is no such cluster.")
    return _in_order(begin_near(members))


@blueprint.route("/playlists/<playlist_id:playlist_id>/radio")
@blueprint.response(200, TrackListSchema)
def from_playlist(playlist_id: str) -> dict[str, Any]:
    """Radio from a playlist's tracks."""
    found = store().playlists.get(listener_id(), playlist_id) or abort(404, "There is no such playlist.")
    return _in_order(begin_near(found.tracks))


@blueprint.route("/radio", methods=["POST"])
@blueprint.arguments(PlayedBody)
@blueprint.response(200, TrackListSchema)
def more(body: dict[str, Any]) -> dict[str, Any]:
    """What comes after the tracks that a radio has brought; changes nothing."""
    return _in_order(go_on(body["played"]))


@blueprint.route("/path")
@blueprint.arguments(PathQuery, location="query")
@blueprint.response(200, TrackListSchema)
def path(query: dict[str, Any]) -> dict[str, Any]:
    """The tracks of a way from one track to another in small steps, both included."""
    found = find_way(query["first"], query["last"])
    way = _in_order(found or abort(404, "There is no way between these two in few steps."))
    # A model knows tracks that have left the library, and every track leads to itself without being known.
    if not {query["first"], query["last"]} <= {track.track_id for track in way["items"]}:
        abort(404, "There is no such track.")
    return way


def _in_order(chosen: Sequence[str]) -> dict[str, list[Track]]:
    tracks = store().tracks.get_many(chosen)
    return {"items": [tracks[track_id] for track_id in chosen if track_id in tracks]}
