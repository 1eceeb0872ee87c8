"""Tracks that a program names, also those by a former id, as their files were encoded anew since it learnt of them."""

from __future__ import annotations

from flask import abort

from webapp.context import store


def require_known(*track_ids: str) -> list[str]:
    """The ids that tracks have now; not found where one is not in the library."""
    found = store().tracks.get_many(track_ids)
    gone = [track_id for track_id in track_ids if track_id not in found]
    became = store().aliases.resolve(gone) if gone else {}
    # What they have become may have left since.
    there = store().tracks.get_many(became.values()) if became else {}
    became = {track_id: now for track_id, now in became.items() if now in there}
    if unknown := [track_id for track_id in gone if track_id not in became]:
        abort(404, f"There is no track {min(unknown)}.")
    return [became.get(track_id, track_id) for track_id in track_ids]
