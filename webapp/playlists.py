"""A listener's playlists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from earwise.errors import PlaylistFullError
from earwise.store.playlists import Playlist
from earwise.store.tracks import Track
from webapp.accounts import listener_id
from webapp.context import settings, store
from webapp.filters import clip
from webapp.forms import MoveForm, PlaylistForm, TrackForm, checked
from webapp.m3u import playlist_as_m3u
from webapp.messages import say
from webapp.navigation import came_from, lead_to
from webapp.paging import read_page_number
from webapp.pieces import Rest, rest_of_pages
from webapp.rows import Row
from webapp.security import safe_next

blueprint = Blueprint("playlists", __name__, url_prefix="/playlists")

# As many as one query finds.
_PAGE_SIZE = 100


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """All playlists, the form that makes another, and what was deleted within the day."""
    return _show_all(PlaylistForm())


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Make a playlist, and put a track into it where one is given."""
    form = PlaylistForm(request.form)
    is_valid = form.validate()
    track = _require_track(form.track.data) if form.track.data and not form.track.errors else None
    if is_valid:
        tracks = [track.track_id] if track else []
        try:
            return _to(store().playlists.create(listener_id(), form.name.data, datetime.now(UTC), tracks))
        except PlaylistFullError as error:
            form.name.errors = [str(error)]
    return (_show_choice(track, form, _read_next()) if track else _show_all(form)), 400


@blueprint.get("/add/<track_id:track_id>")
def choose(track_id: str) -> ResponseReturnValue:
    """Choose the playlist that a track goes into."""
    origin = came_from("")
    # Where this very page is loaded once more, that is where it was come from.
    is_elsewhere = origin.partition("?")[0] != request.path
    return _show_choice(_require_track(track_id), PlaylistForm(), origin if is_elsewhere else None)


@blueprint.get("/<playlist_id>")
def playlist(playlist_id: str) -> ResponseReturnValue:
    """A page of a playlist's tracks."""
    found = _require(playlist_id)
    return _show(found, PlaylistForm(name=clip(found.name)))


@blueprint.get("/<playlist_id>/tracks")
def piece(playlist_id: str) -> ResponseReturnValue:
    """The same tracks as a bare list, for a queue that takes the whole playlist from one of its pages."""
    page = _read_page(_require(playlist_id))
    return render_template("parts/piece.html", rows=[row for _, row in page.rows], rest=page.rest)


@blueprint.get("/<playlist_id>.m3u8")
def export(playlist_id: str) -> ResponseReturnValue:
    """The playlist as a file for other players, with paths below the library's folder."""
    found = _require(playlist_id)
    tracks, names_roots = store().tracks.get_many(found.tracks), len(settings().library) > 1
    response = Response(playlist_as_m3u(found, tracks, names_roots=names_roots), mimetype="audio/x-mpegurl")
    response.headers.set("Content-Disposition", "attachment", filename=f"{clip(found.name)}.m3u8")
    return response


@blueprint.post("/<playlist_id>/rename")
def rename(playlist_id: str) -> ResponseReturnValue:
    """Give a playlist another name."""
    form = PlaylistForm(request.form)
    if not form.validate():
        return _show(_require(playlist_id), form), 400
    if not store().playlists.rename(listener_id(), playlist_id, form.name.data, datetime.now(UTC)):
        abort(404)
    return _to(playlist_id, read_page_number())


@blueprint.post("/<playlist_id>/delete")
def delete(playlist_id: str) -> ResponseReturnValue:
    """Delete a playlist; for a day it can be taken back."""
    found = _require(playlist_id)
    store().playlists.delete(listener_id(), playlist_id, datetime.now(UTC))
    say(f"“{clip(found.name)}” is deleted.", undo=url_for("playlists.restore", playlist_id=playlist_id))
    return redirect(url_for("playlists.overview"))


@blueprint.post("/<playlist_id>/restore")
def restore(playlist_id: str) -> ResponseReturnValue:
    """Take the deletion of a playlist back."""
    if not store().playlists.restore(listener_id(), playlist_id, datetime.now(UTC)):
        abort(404)
    return _to(playlist_id)


@blueprint.post("/<playlist_id>/add")
def add(playlist_id: str) -> ResponseReturnValue:
    """Put a track at the end of a playlist, and go back to where it was found."""
    found, track = _require(playlist_id), _require_track(checked(TrackForm).track.data)
    origin = _read_next()
    undo, back = url_for("playlists.remove", playlist_id=playlist_id), {"next": origin} if origin else {}
    try:
        if store().playlists.add(listener_id(), playlist_id, track.track_id, datetime.now(UTC)):
            say(f"{clip(track.tags.title)} is in “{clip(found.name)}” now.", undo=undo, track=track.track_id, **back)
        else:
            say(f"{clip(track.tags.title)} was in “{clip(found.name)}” already.")
    except PlaylistFullError as error:
        say(str(error))
    return _back_to_row(track.track_id) or redirect(url_for("recommendations.track", track_id=track.track_id))


@blueprint.post("/<playlist_id>/remove")
def remove(playlist_id: str) -> ResponseReturnValue:
    """Take a track out of a playlist."""
    track_id = checked(TrackForm).track.data
    found = _require(playlist_id)
    place = store().playlists.remove(listener_id(), playlist_id, track_id, datetime.now(UTC))
    if place is not None:
        undo = url_for("playlists.move", playlist_id=playlist_id, page=_page_of(place))
        say("The track is taken out.", undo=undo, track=track_id, place=place)
    # The page may have been the last one, and be empty now.
    left = sum(track != track_id for track in found.tracks)
    return _back_to_row(track_id) or _to(playlist_id, min(read_page_number(), _count_pages(left)))


@blueprint.post("/<playlist_id>/move")
def move(playlist_id: str) -> ResponseReturnValue:
    """Put a track at another place of a playlist."""
    form, track = checked(MoveForm), _require_track(request.form.get("track", ""))
    if not store().playlists.move(listener_id(), playlist_id, track.track_id, form.place.data, datetime.now(UTC)):
        abort(404)
    return _to(playlist_id, read_page_number())


def _require(playlist_id: str) -> Playlist:
    return store().playlists.get(listener_id(), playlist_id) or abort(404)


def _require_track(track_id: str) -> Track:
    return store().find_track(track_id) or abort(404)


def _to(playlist_id: str, page: int = 1) -> ResponseReturnValue:
    return redirect(url_for("playlists.playlist", playlist_id=playlist_id, page=page if page > 1 else None))


def _back_to_row(track_id: str) -> ResponseReturnValue | None:
    """Lead back to the track on the page that a form names; None where it names none."""
    origin = _read_next()
    return lead_to(f"{origin.partition('#')[0]}#track-{track_id}") if origin else None


def _read_next() -> str | None:
    """The page of this site that a form leads back to."""
    return safe_next(request.form.get("next"))


def _show_choice(track: Track, form: PlaylistForm, origin: str | None) -> str:
    existing = store().playlists.of(listener_id())
    return render_template("playlists/choose.html", track=track, playlists=existing, form=form, next=origin)


def _show_all(form: PlaylistForm) -> str:
    existing = store().playlists.of(listener_id())
    deleted = store().playlists.deleted_of(listener_id(), datetime.now(UTC))
    return render_template("playlists/overview.html", playlists=existing, deleted=deleted, form=form)


def _show(found: Playlist, form: PlaylistForm) -> str:
    return render_template("playlists/playlist.html", page=_read_page(found), form=form)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a playlist; `number` counts from 1, the places of its rows from 0 over the whole playlist."""

    playlist: Playlist
    number: int
    rows: list[tuple[int, Row]]
    missing: int

    @property
    def pages(self) -> int:
        return _count_pages(len(self.playlist.tracks))

    @property
    def rest(self) -> Rest:
        """Where a queue gets what is on other pages."""
        own = self.playlist.playlist_id
        return rest_of_pages(self.number, self.number, self.pages, "playlists.piece", playlist_id=own)


def _read_page(found: Playlist) -> _Page:
    """The page that is asked for, with the tracks that are in the library; one query."""
    number = read_page_number()
    if number > _count_pages(len(found.tracks)):
        abort(404)
    first = (number - 1) * _PAGE_SIZE
    shown = found.tracks[first : first + _PAGE_SIZE]
    tracks = store().tracks.get_many(shown)
    rows = [(place, Row(tracks[track_id])) for place, track_id in enumerate(shown, first) if track_id in tracks]
    return _Page(found, number, rows, len(shown) - len(rows))


def _count_pages(tracks: int) -> int:
    return _page_of(max(tracks - 1, 0))


def _page_of(place: int) -> int:
    return place // _PAGE_SIZE + 1
