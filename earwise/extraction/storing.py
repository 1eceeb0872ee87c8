"""Makes durable what became of files, each in an order that a kill can't harm."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from earwise.errors import (
    AudioTooShortError,
    DecodeError,
    NonFiniteAudioError,
    SilentAudioError,
    TrackError,
    UnsupportedFormatError,
)
from earwise.extraction.following import leave_track
from earwise.extraction.messages import Analysis
from earwise.extraction.versions import analysed_as
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.folders import FileEntry
from earwise.store.tracks import Track, TrackFile
from earwise.tags import combine_tags

log = logging.getLogger(__name__)

# What went wrong tells what the file holds now. Nothing else does: least of all an error that nobody thought of.
_TOLD = (DecodeError, AudioTooShortError, SilentAudioError, NonFiniteAudioError, UnsupportedFormatError)


def store_analyses(
    store: Store,
    analyses: Mapping[LibraryPath, Analysis],
    entries: Mapping[LibraryPath, FileEntry],
    config: MfccConfig,
    now: datetime,
) -> None:
    """Features first, finished entries last: until those stand the files are pending, and all of this repeatable.

    The folders' entries name the tracks before the tracks name the files, so that a file which is gone or holds other
    audio after a kill still leaves its track.
    """
    stated = store.catalogue.tags_of(analyses)
    analyses = {
        file: replace(analysis, tags=combine_tags(stated[file], analysis.tags)) if file in stated else analysis
        for file, analysis in analyses.items()
    }
    store.features.put_many(
        (
            TrackFeatures(analysis.audio_id, measured, vector, analysis.decoder)
            for analysis in analyses.values()
            for measured, vector in analysis.vectors.items()
        ),
        now,
    )
    named = {
        file: replace(entries[file], track_id=analysis.audio_id)
        for file, analysis in analyses.items()
        if entries[file].track_id != analysis.audio_id
    }
    for file in named:
        if (left := entries[file].track_id) is not None:
            leave_track(store, left, file, analyses[file], now)
    _put_entries(store, named)
    store.tracks.put_many(
        (
            (
                Track(analysis.audio_id, analysis.tags, analysis.duration_s),
                TrackFile(file, analysis.size_bytes, entries[file].mtime_ns),
            )
            for file, analysis in analyses.items()
        ),
        now,
    )
    store.quarantine.remove_many(analyses)
    store.aliases.remove(analysis.audio_id for analysis in analyses.values())
    _put_entries(
        store,
        {
            file: replace(_finished(file, entries[file], config), track_id=analysis.audio_id)
            for file, analysis in analyses.items()
        },
    )


def store_failures(
    store: Store,
    failures: Mapping[LibraryPath, TrackError],
    entries: Mapping[LibraryPath, FileEntry],
    config: MfccConfig,
    now: datetime,
) -> None:
    """Quarantine files, finished entries last; each remembers its track, which what it holds once whole can take over.

    A file that could not be read to its end for a reason that may lie outside it (it can't be opened, is being written,
    takes too long or too much memory, the decoder or we ourselves crash) stays with its track: nobody knows yet what
    else it holds.
    """
    for file, error in failures.items():
        store.quarantine.put(file, error.code, str(error), now)
        track_id = entries[file].track_id
        if track_id is not None and isinstance(error, _TOLD):
            store.tracks.remove_file(track_id, file, now)
        log.warning("quarantined: %s: %s", file.display, error, extra=fields(root=file.root, code=error.code))
    _put_entries(store, {file: _finished(file, entries[file], config) for file in failures})


def _finished(file: LibraryPath, entry: FileEntry, config: MfccConfig) -> FileEntry:
    return replace(entry, analysed_version=analysed_as(config, file.name, entry))


def _put_entries(store: Store, entries: Mapping[LibraryPath, FileEntry]) -> None:
    for parent in {file.parent for file in entries}:
        here = {file.name: entry for file, entry in entries.items() if file.parent == parent}
        store.folders.put_entries(parent, here)
