"""The listener's playlists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import abort, url_for

from earwise.store.playlists import Playlist
from webapp.accounts import listener_id
from webapp.api.cursors import as_number, page_of, read_cursor
from webapp.api.document import IF_MATCH, Blueprint
from webapp.api.guard import require_match
from webapp.api.known import require_known
from webapp.api.schemas import (
    PageQuery,
    PlaylistBody,
    PlaylistPageSchema,
    PlaylistSchema,
    TrackPageSchema,
    WholePlaylistBody,
)
from webapp.context import store
from webapp.forms import normal
from webapp.tracks import became

blueprint = Blueprint("playlists", "The listener's playlists")

_ONE = "/playlists/<playlist_id:playlist_id>"


@blueprint.route("/playlists")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, PlaylistPageSchema)
def playlists(query: dict[str, Any]) -> dict[str, Any]:
    """All playlists by name, page by page."""
    return page_of(store().playlists.of(listener_id()), read_cursor(query, as_number))


@blueprint.route("/playlists", methods=["POST"])
@blueprint.arguments(PlaylistBody)
@blueprint.response(201, PlaylistSchema)
def create(body: dict[str, Any]) -> tuple[Playlist, int, dict[str, str]]:
    """Make a playlist."""
    tracks, now = _known(body["tracks"]), datetime.now(UTC)
    playlist_id = store().playlists.create(listener_id(), normal(body["name"]), now, tracks)
    made = Playlist(playlist_id, normal(body["name"]), tracks, now)
    return made, 201, {"Location": url_for("v1-playlists.playlist", playlist_id=playlist_id)}


@blueprint.route(_ONE)
@blueprint.response(200, PlaylistSchema)
def playlist(playlist_id: str) -> Playlist:
    """A playlist with the ids of its tracks."""
    return _require(playlist_id)


@blueprint.route(_ONE, methods=["PUT"])
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(WholePlaylistBody)
@blueprint.response(200, PlaylistSchema)
def replace(body: dict[str, Any], playlist_id: str) -> Playlist:
    """Give a playlist another name and other tracks, or another order of them; `If-Match` is required."""
    found = _require(playlist_id)
    require_match(PlaylistSchema(), found)
    name, tracks = normal(body["name"]), _known(body["tracks"], found.tracks)
    changed = store().playlists.replace(listener_id(), found, name, tracks, datetime.now(UTC))
    return changed or abort(412, "It was changed meanwhile. Read it again, and then decide.")


@blueprint.route(_ONE, methods=["DELETE"])
@blueprint.response(204)
def delete(playlist_id: str) -> None:
    """Delete a playlist."""
    if not store().playlists.delete(listener_id(), playlist_id, datetime.now(UTC)):
        abort(404, "There is no such playlist.")


@blueprint.route(f"{_ONE}/tracks")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, TrackPageSchema)
def tracks(query: dict[str, Any], playlist_id: str) -> dict[str, Any]:
    """The tracks of a playlist that are in the library just now, in its order, page by page."""
    page = page_of(_require(playlist_id).tracks, read_cursor(query, as_number))
    found = store().tracks.get_many(page["items"])
    return page | {"items": [found[track_id] for track_id in page["items"] if track_id in found]}


@blueprint.route(f"{_ONE}/tracks/<track_id:track_id>", methods=["PUT"])
@blueprint.response(204)
def add(playlist_id: str, track_id: str) -> None:
    """Put a track at the end, unless it stands in the playlist already."""
    found = _require(playlist_id)
    if track_id not in found.tracks:
        (current,) = require_known(track_id)
        store().playlists.add(listener_id(), playlist_id, current, datetime.now(UTC))


@blueprint.route(f"{_ONE}/tracks/<track_id:track_id>", methods=["DELETE"])
@blueprint.response(204)
def remove(playlist_id: str, track_id: str) -> None:
    """Take a track out."""
    if not _remove(playlist_id, track_id) and not _remove(playlist_id, became(track_id)):
        abort(404, "It is in no such playlist.")


def _require(playlist_id: str) -> Playlist:
    return store().playlists.get(listener_id(), playlist_id) or abort(404, "There is no such playlist.")


def _known(track_ids: Iterable[str], before: Iterable[str] = ()) -> tuple[str, ...]:
    """The ids that tracks have now, each once; those that stood there before may have left the library for a while."""
    wanted = tuple(dict.fromkeys(track_ids))
    new = sorted(set(wanted).difference(before))
    current = dict(zip(new, require_known(*new), strict=True)) if new else {}
    return tuple(dict.fromkeys(current.get(track_id, track_id) for track_id in wanted))


def _remove(playlist_id: str, track_id: str) -> bool:
    return store().playlists.remove(listener_id(), playlist_id, track_id, datetime.now(UTC)) is not None
