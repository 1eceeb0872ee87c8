"""Clips that are known to be good, one of each format: they tell a broken decoder from a library of broken files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

_RATE_HZ = 48_000
_DURATION_S = 2.0
_BLOCK_FRAMES = 1024
_BY_LIBSNDFILE = {
    "wav": ("WAV", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
_BY_FFMPEG = {"m4a": "aac", "wma": "wmav2"}
_SAME = {"aif": "aiff", "aifc": "aiff", "wave": "wav", "oga": "ogg", "m4b": "m4a", "aac": "m4a", "mp2": "mp3"}


def write_reference_clips(folder: Path) -> list[bytes]:
    """Write a chord of two seconds in each format and return the files' paths."""
    time_s = np.arange(int(_DURATION_S * _RATE_HZ), dtype=np.float32) / _RATE_HZ
    chord = sum(np.sin(2 * np.pi * tone_hz * time_s) for tone_hz in (220.0, 277.2, 329.6)) / 6
    y = np.stack([chord, chord], axis=1).astype(np.float32)
    paths = []
    for suffix, (container, subtype) in _BY_LIBSNDFILE.items():
        path = folder / f"reference.{suffix}"
        soundfile.write(path, y, _RATE_HZ, format=container, subtype=subtype)
        paths.append(os.fsencode(path))
    for suffix, codec in _BY_FFMPEG.items():
        path = folder / f"reference.{suffix}"
        _write_by_ffmpeg(path, codec, y)
        paths.append(os.fsencode(path))
    return paths


def format_of(name: bytes) -> str:
    """The format that a file's name promises: the suffix of the clip of that format, or of no clip.

    >>> format_of(b"reference.AIF"), format_of(b"a.wma"), format_of(b"a.ape")
    ('aiff', 'wma', 'ape')
    """
    suffix = name.rpartition(b".")[2].decode("latin-1").lower()
    return _SAME.get(suffix, suffix)


def concerns(broken: str, formats: Iterable[str]) -> bool:
    """Whether files of these formats may have failed because the decoder of a clip's format is broken.

    Formats without a clip are FFmpeg's, as are those of its clips.

    >>> concerns("wma", ["mp3"]), concerns("mp3", ["mp3", "flac"]), concerns("m4a", ["ape"])
    (False, True, True)
    """
    known = {*_BY_LIBSNDFILE, *_BY_FFMPEG}
    return any(broken == name or (broken in _BY_FFMPEG and name not in known) for name in formats)


def _write_by_ffmpeg(path: Path, codec: str, y: NDArray[np.float32]) -> None:
    with av.open(path, "w") as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=_RATE_HZ, layout="stereo"))
        stream.bit_rate = 128_000  # one that every encoder takes
        for first in range(0, len(y), _BLOCK_FRAMES):
            block = np.ascontiguousarray(y[first : first + _BLOCK_FRAMES].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = _RATE_HZ, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
