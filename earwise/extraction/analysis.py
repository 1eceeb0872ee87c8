"""Everything that is found out about one file, in one go; runs in a worker process."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from dataclasses import replace

from earwise.errors import SilentAudioError, TrackError
from earwise.extraction.messages import Analysis, Known
from earwise.features.audio import Audio, Samples
from earwise.features.config import MfccConfig
from earwise.features.decode import decode_track, read_duration_s
from earwise.features.mfcc import summarise
from earwise.library.identity import identify_sized
from earwise.library.tags import read_stated_tags, read_tags
from earwise.paths import LibraryPath, open_regular

# Of a track that seems silent so many excerpts are taken before it is called that: up to two minutes all of it, and at
# 192 kHz no more than 100 MB.
_CLOSER_EXCERPTS = 120


def analyse_track(
    file: LibraryPath,
    location: bytes,
    configs: Sequence[MfccConfig],
    known_versions: Callable[[str], Container[str]],
) -> Analysis:
    """Identify the recording in a file, read its tags and, unless its features are known, listen to it.

    Parameters
    ----------
    location : bytes
        Where the file lies in the file system.
    configs : sequence of MfccConfig
        What is to be measured. A track is one if the first can measure it; others are measured where they can be.
    known_versions : callable
        The feature versions in which a recording has been measured already, by ``audio_id``.

    Raises
    ------
    TrackError
        If the file can't become a track.
    """
    identity, size_bytes = identify_sized(location)
    tags = read_tags(file, location)
    known = known_versions(identity.audio_id)
    wanted = [config for config in configs if config.feature_version not in known]
    if not wanted:
        duration_s = identity.duration_s or read_duration_s(location)
        return Analysis(identity.audio_id, tags, duration_s, {}, "", size_bytes)
    audio = decode_track(location, wanted, duration_s=identity.duration_s)
    vectors = {}
    for config in wanted:
        try:
            vectors[config.feature_version] = _summarise(location, audio, config)
        except TrackError:
            if config is configs[0]:
                raise
    return Analysis(identity.audio_id, tags, audio.duration_s, vectors, audio.decoder, size_bytes)


def read_tags_again(file: LibraryPath, location: bytes, known: Known) -> Analysis | None:
    """What a file is known to hold, with the tags that it states now; None where that does not suffice.

    So it is where the file has another size by now, and where it states no tags: perhaps it can't be read, and a track
    must not be named by a path for that.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    """
    with open_regular(location) as opened:
        size_bytes = opened.seek(0, os.SEEK_END)
    tags = read_stated_tags(file, location) if size_bytes == known.size_bytes else None
    return Analysis(known.track_id, tags, known.duration_s, {}, "", size_bytes) if tags else None


def _summarise(location: bytes, audio: Audio, config: MfccConfig) -> Samples:
    """Summary vector of a track, by more excerpts where there is nothing to hear in those of the configuration."""
    try:
        return summarise(audio.excerpts_for(config), config)
    except SilentAudioError:
        closer = replace(config, excerpts=max(config.excerpts, _CLOSER_EXCERPTS), most_share=1.0)
        if closer.excerpts_of(audio.length_s) == config.excerpts_of(audio.length_s):
            raise
        more = decode_track(location, [closer], duration_s=audio.length_s)
        return summarise(more.excerpts_for(closer), closer)
