"""Clips that are known to be good, one of each format: they tell a broken decoder from a library of broken files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

_RATE_HZ = 48_000
_DURATION_S = 2.0
_FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def write_reference_clips(folder: Path) -> list[bytes]:
    """Write a chord of two seconds in each format that libsndfile writes and return the files' paths."""
    time_s = np.arange(int(_DURATION_S * _RATE_HZ), dtype=np.float32) / _RATE_HZ
    chord = sum(np.sin(2 * np.pi * tone_hz * time_s) for tone_hz in (220.0, 277.2, 329.6)) / 6
    paths = []
    for suffix, (container, subtype) in _FORMATS.items():
        path = folder / f"reference.{suffix}"
        soundfile.write(path, np.stack([chord, chord], axis=1), _RATE_HZ, format=container, subtype=subtype)
        paths.append(os.fsencode(path))
    return paths
