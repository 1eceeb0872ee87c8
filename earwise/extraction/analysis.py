"""Everything that is found out about one file, in one go; runs in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earwise.features.audio import Samples
from earwise.features.config import MfccConfig
from earwise.features.decode import decode_track, read_duration_s
from earwise.features.mfcc import summarise
from earwise.library.identity import identify_recording
from earwise.library.tags import read_tags
from earwise.paths import LibraryPath
from earwise.tags import Tags


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found out.

    Attributes
    ----------
    vector : ndarray [shape=(n_features,), dtype=float32] or None
        The summary vector; None where the recording's features were known and nothing was decoded.
    decoder : str
        Which decoder gave the samples; empty where none was needed.
    """

    audio_id: str
    tags: Tags
    duration_s: float
    vector: Samples | None
    decoder: str


def analyse_track(file: LibraryPath, location: bytes, config: MfccConfig, is_known: Callable[[str], bool]) -> Analysis:
    """Identify the recording in a file, read its tags and, unless its features are known, listen to it.

    Parameters
    ----------
    location : bytes
        Where the file lies in the file system.
    is_known : callable
        Whether a recording has features already, by ``audio_id``.

    Raises
    ------
    TrackError
        If the file can't become a track.
    """
    identity = identify_recording(location)
    tags = read_tags(file, location)
    if is_known(identity.audio_id):
        duration_s = identity.duration_s or read_duration_s(location)
        return Analysis(identity.audio_id, tags, duration_s, None, "")
    audio = decode_track(location, (config,), duration_s=identity.duration_s)
    vector = summarise(audio.excerpts_for(config), config)
    return Analysis(identity.audio_id, tags, audio.duration_s, vector, audio.decoder)
