"""Files that were encoded anew in their place: what listeners made of the old recording follows to the new one."""

from __future__ import annotations

import logging
from datetime import datetime

from earwise.extraction.messages import Analysis
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.search import fold_text
from earwise.store.tracks import Track, TrackState

log = logging.getLogger(__name__)

_MOST_APART_S = 2.0


def leave_track(store: Store, track_id: str, file: LibraryPath, analysis: Analysis, now: datetime) -> None:
    """Take a file that holds other audio now from the track that it held before.

    Where that was its last file, and artist, title and length say that both are one recording, the old track becomes
    an alias of the new one. While the old one has another file it stays a track of its own, with all that is said of
    it. Safe to repeat until the folder's entry names the new track.

    Nobody follows the alias yet: the old track's file may have moved, and be found at its new place later in the run.
    """
    store.tracks.remove_file(track_id, file, now)
    left = store.tracks.get(track_id)
    if left is not None and is_same_recording(left, analysis):
        store.aliases.put(track_id, analysis.audio_id, now)
        log.info("encoded anew: %s", file.display, extra=fields(old_track_id=track_id, track_id=analysis.audio_id))


def is_same_recording(left: Track, analysis: Analysis) -> bool:
    """Whether a track without files was, by its tags and length, another encoding of what was found."""
    old, new = left.tags, analysis.tags
    return (
        left.state is TrackState.MISSING
        and fold_text(old.artist) == fold_text(new.artist)
        and fold_text(old.title) == fold_text(new.title)
        and abs(left.duration_s - analysis.duration_s) <= _MOST_APART_S
    )


def follow_aliases(store: Store) -> int:
    """Let ratings, playlists and history follow every alias that still waits; returns how many there were.

    To be called when no file of the library waits to be analysed: until then, any may bring an old track back.

    An alias waits until all have followed, so that a run which is killed here is finished by the next.
    """
    pending = store.aliases.pending()
    for old_id, new_id in pending:
        for documents in (store.ratings, store.playlists, store.events):
            documents.follow_track(old_id, new_id)
        store.aliases.mark_followed(old_id, new_id)
    return len(pending)
