"""The track that an address names, also where that was written down before its file was encoded anew."""

from __future__ import annotations

from flask import abort

from earwise.store.tracks import Track, TrackState
from webapp.context import store


def require_ready(track_id: str) -> Track:
    """The track of this id, or the one that it has become; not found where that is not in the library just now."""
    track = store().find_track(track_id)
    return track if track is not None and track.state is TrackState.READY else abort(404)


def became(track_id: str) -> str:
    """The id that a track has now, whether it is there or not."""
    return became_all(track_id)[0]


def became_all(*track_ids: str) -> list[str]:
    """The ids that tracks have now, whether they are there or not; one query."""
    known = store().aliases.resolve(track_ids)
    return [known.get(track_id, track_id) for track_id in track_ids]
