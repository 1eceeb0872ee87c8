"""Files whose tags alone are read again, since more is read of tags than when they were analysed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import batched

from earwise.extraction.messages import Known
from earwise.extraction.versions import is_heard
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.folders import FileEntry

_TRACKS_AT_ONCE = 500


def find_known(store: Store, entries: Mapping[LibraryPath, FileEntry], config: MfccConfig) -> dict[LibraryPath, Known]:
    """What files hold that were heard as they would be now, and have not changed since.

    Those in quarantine are none of them: what they hold was not found out when they were last tried.
    """
    heard = {file: entry for file, entry in entries.items() if is_heard(config, file.name, entry)}
    for file in store.quarantine.those_of(heard):
        del heard[file]
    found = {}
    for some in batched(heard.items(), _TRACKS_AT_ONCE):
        tracks = store.tracks.get_many({entry.track_id for _, entry in some if entry.track_id})
        for file, entry in some:
            if (track := tracks.get(entry.track_id or "")) is None:
                continue
            if any((held.location, held.size_bytes) == (file, entry.size_bytes) for held in track.files):
                found[file] = Known(track.track_id, track.duration_s, entry.size_bytes)
    return found
