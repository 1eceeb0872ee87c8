"""Files that were encoded anew in their place: what listeners made of the old recording follows to the new one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import batched

from earwise.extraction.messages import Analysis, Former
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.folders import FileEntry
from earwise.store.search import fold_text
from earwise.store.tracks import Track

log = logging.getLogger(__name__)

#: Files may wait for ever, as those of a disk that is broken; what listeners made of other tracks does not.
LONGEST_WAIT = timedelta(days=1)
_MOST_APART_S = 2.0
_TRACKS_AT_ONCE = 500


def leave_track(store: Store, track_id: str, file: LibraryPath, analysis: Analysis, now: datetime) -> None:
    """Take a file that holds other audio now from the track that it held before.

    Where that is its last file, and artist, title and length say that both are one recording, or the file has grown
    from the one that held the old track, the old track becomes an alias of the new one. While the old one has another
    file it stays a track of its own, with all that is said of it. Safe to repeat until the folder's entry names the new
    track: the file leaves last, as its size was what tells that it has grown.

    Nobody follows the alias yet: the old track's file may have moved, and be found at its new place later in the run.
    """
    left = store.tracks.get(track_id)
    if left is None:
        _leave_unborn(store, track_id, analysis, now)
        return
    is_same = analysis.has_grown or is_same_recording(left, analysis)
    is_last = all(other.location == file for other in left.files)
    if is_last and is_same:
        store.aliases.put(track_id, analysis.audio_id, now)
        fate = "grown since" if analysis.has_grown else "encoded anew"
        log.info("%s: %s", fate, file.display, extra=fields(old_track_id=track_id, track_id=analysis.audio_id))
    store.tracks.remove_file(track_id, file, now)
    # Another copy may have left meanwhile, in a batch of another machine: then neither was the last.
    if not is_last and is_same and (now_left := store.tracks.get(track_id)) is not None and not now_left.files:
        store.aliases.put(track_id, analysis.audio_id, now)


def _leave_unborn(store: Store, track_id: str, analysis: Analysis, now: datetime) -> None:
    """Leave a track that never came to be, since a run was killed: what was to become it becomes what comes now."""
    for old_id, new_id in store.aliases.pending():
        old = store.tracks.get(old_id) if new_id == track_id else None
        if old is not None and (analysis.has_grown or is_same_recording(old, analysis)):
            store.aliases.put(old_id, analysis.audio_id, now)


def find_former(store: Store, entries: Mapping[LibraryPath, FileEntry]) -> dict[LibraryPath, Former]:
    """What files may have grown from: the track that each held when it was smaller."""
    found = {}
    for some in batched(((file, entry) for file, entry in entries.items() if entry.track_id), _TRACKS_AT_ONCE):
        tracks = store.tracks.get_many({entry.track_id for _, entry in some if entry.track_id})
        for file, entry in some:
            if (track := tracks.get(entry.track_id or "")) is None:
                continue
            size_bytes = next((former.size_bytes for former in track.files if former.location == file), None)
            if size_bytes is not None and size_bytes < entry.size_bytes:
                found[file] = Former(track.track_id, size_bytes)
    return found


def is_same_recording(left: Track, analysis: Analysis) -> bool:
    """Whether a track was, by its tags and length, another encoding of what was found."""
    old, new = left.tags, analysis.tags
    return (
        fold_text(old.artist) == fold_text(new.artist)
        and fold_text(old.title) == fold_text(new.title)
        and abs(left.duration_s - analysis.duration_s) <= _MOST_APART_S
    )


def follow_aliases(store: Store, *, before: datetime | None = None) -> int:
    """Let ratings, playlists and history follow every alias that still waits; returns how many there were.

    While a file of the library waits to be analysed, it may bring an old track back.

    An alias waits until all have followed, so that a run which is killed here is finished by the next.

    Parameters
    ----------
    before : datetime or None
        Those alone that are older than this; all where it is None.
    """
    pending = store.aliases.pending(before)
    for old_id, new_id in pending:
        for documents in (store.ratings, store.playlists, store.events):
            documents.follow_track(old_id, new_id)
        store.aliases.mark_followed(old_id, new_id)
    return len(pending)
