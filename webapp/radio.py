"""Radio, which goes on along neighbours, and playlists that lead from one track to another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.errors import PlaylistFullError
from earwise.store.finding import find_tracks
from earwise.store.shelves import Kind, tracks_listing
from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.context import store
from webapp.filters import clip
from webapp.forms import RadioForm, TrackForm, checked
from webapp.journeys import begin_near, begin_with_track, find_way, go_on
from webapp.messages import say
from webapp.rows import Row
from webapp.tracks import require_ready

blueprint = Blueprint("radio", __name__)

_MOST_HITS = 20
_LONGEST_NAME = 48


@blueprint.get("/tracks/<track_id:track_id>/radio")
def from_track(track_id: str) -> ResponseReturnValue:
    """Radio from a track, which plays first."""
    seed = require_ready(track_id)
    return _page(clip(seed.tags.title), begin_with_track(seed))


@blueprint.get("/browse/artists/<shelf>/radio")
def from_artist(shelf: str) -> ResponseReturnValue:
    """Radio from an artist's tracks."""
    page = store().shelves.page(tracks_listing(Kind.ARTIST, shelf, "album"), 1) or abort(404)
    return _from_seeds(clip(page.shelf.name) if page.shelf else "", page.entries)


@blueprint.get("/clusters/<int:number>/radio")
def from_cluster(number: int) -> ResponseReturnValue:
    """Radio from the most typical tracks of a cluster."""
    cluster, members = store().serving.find_members(number) or abort(404)
    return _from_seeds(clip(cluster.name), members)


@blueprint.get("/playlists/<playlist_id>/radio")
def from_playlist(playlist_id: str) -> ResponseReturnValue:
    """Radio from a playlist's tracks."""
    found = store().playlists.get(listener_id(), playlist_id) or abort(404)
    return _from_seeds(clip(found.name), found.tracks)


@blueprint.post("/radio/next")
def more() -> ResponseReturnValue:
    """The tracks that come after those that were played, as the rows of a list."""
    return render_template("radio/more.html", rows=_rows(go_on(checked(RadioForm).played.data.split(","))))


@blueprint.get("/tracks/<track_id:track_id>/path")
def choose(track_id: str) -> ResponseReturnValue:
    """Choose the track that a path leads to."""
    track = store().find_track(track_id) or abort(404)
    query = request.args.get("to", "").strip()[:200]
    found = find_tracks(store(), query, limit=_MOST_HITS, leads_on=True)
    if found.corrected:
        return redirect(url_for("radio.choose", track_id=track_id, to=found.corrected))
    goals = [goal for goal in found.tracks if goal.track_id != track_id]
    return render_template("radio/path.html", track=track, query=query, goals=goals)


@blueprint.post("/tracks/<track_id:track_id>/path")
def lead(track_id: str) -> ResponseReturnValue:
    """Make a playlist that moves from one track to another in small steps."""
    goal_id = checked(TrackForm).track.data
    path = find_way(track_id, goal_id)
    if path is None or len(path) < 2:
        require_ready(track_id)
        require_ready(goal_id)
        say("There is no way between these two in few steps. Choose another track.")
        return redirect(url_for("radio.choose", track_id=track_id))
    name = " → ".join(clip(end.tags.title)[:_LONGEST_NAME] for end in (path[0], path[-1]))
    tracks = [track.track_id for track in path]
    try:
        playlist_id = store().playlists.create(listener_id(), name, datetime.now(UTC), tracks)
    except PlaylistFullError as error:
        say(str(error))
        return redirect(url_for("radio.choose", track_id=track_id))
    return redirect(url_for("playlists.playlist", playlist_id=playlist_id))


def _from_seeds(name: str, seeds: Sequence[str]) -> str:
    return _page(name, begin_near(seeds))


def _page(name: str, tracks: Sequence[Track]) -> str:
    return render_template("radio/radio.html", name=name, rows=_rows(tracks))


def _rows(tracks: Sequence[Track]) -> list[Row]:
    return [Row(track) for track in tracks]
