"""Forgets tracks that have been without a file for long, and before them the playlists that were deleted."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import batched

from earwise.store import Store

log = logging.getLogger(__name__)

_BATCH = 500


def forget_missing(store: Store, now: datetime, *, keep_days: int) -> int:
    """Delete tracks that have been missing for so many days, and their features; returns how many.

    A track that somebody rated, took among the favourites or put in a playlist is kept however long it is missing:
    what people made can't be had again, and it is all there when the file comes back. Playlists that can't be taken
    back any more go first: they hold nothing.

    Parameters
    ----------
    keep_days : int
        0 keeps every track.
    """
    store.playlists.forget_deleted(now)
    overdue = store.tracks.missing_since(now - timedelta(days=keep_days)) if keep_days else []
    versions = store.features.versions() if overdue else []
    forgotten = 0
    for track_ids in batched(overdue, _BATCH):
        cherished = store.ratings.held_among(track_ids) | store.playlists.held_among(track_ids)
        doomed = [track_id for track_id in track_ids if track_id not in cherished]
        for version in versions:
            store.features.remove(doomed, version)
        forgotten += store.tracks.forget(doomed)
    if forgotten:
        log.info("forgot %d tracks that had been missing for more than %d days", forgotten, keep_days)
    return forgotten
