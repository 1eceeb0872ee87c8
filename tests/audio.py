"""Audio for tests, made here: tones, chords and noise in every format that Earwise hears."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 44_100
_SUBTYPES = {".opus": "OPUS", ".ogg": "VORBIS", ".oga": "VORBIS"}
_CONTAINERS = {".opus": "OGG", ".oga": "OGG", ".aif": "AIFF"}
_CODECS = {".m4a": "aac", ".aac": "aac", ".wma": "wmav2"}

#: One suffix for each format.
LIBSNDFILE_SUFFIXES = (".wav", ".aiff", ".flac", ".ogg", ".opus", ".mp3")
FFMPEG_SUFFIXES = tuple(_CODECS)


def make_tone(duration_s: float = 3.0, *, pitch_hz: float = 220.0, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """A plucked chord, again and again, over faint noise [shape=(n_samples, 2)]: what music is to an MFCC."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    pluck = np.exp(-6 * (time_s % 0.5))
    chord = sum(np.sin(2 * np.pi * pitch_hz * ratio * time_s) for ratio in (1.0, 1.26, 1.5, 2.0))
    noise = np.random.default_rng(round(pitch_hz)).standard_normal(time_s.size)
    left = 0.15 * pluck * chord + 0.01 * noise
    return np.stack([left, 0.8 * left], axis=1).astype(np.float32)


def write_audio(path: Path | bytes, y: NDArray[np.float32] | None = None, *, rate_hz: int = RATE_HZ) -> bytes:
    """Write samples to a file in the format of its suffix; the file's path as bytes."""
    location = os.fsencode(path)
    suffix = Path(os.fsdecode(location)).suffix.lower()
    y = make_tone(rate_hz=rate_hz) if y is None else y
    if suffix in _CODECS:
        _write_by_ffmpeg(location, _CODECS[suffix], y, rate_hz)
        return location
    rate_hz = 48_000 if suffix == ".opus" else rate_hz
    container = _CONTAINERS.get(suffix, suffix[1:].upper())
    channels = y.shape[1] if y.ndim == 2 else 1
    with soundfile.SoundFile(
        location, "w", rate_hz, channels, format=container, subtype=_SUBTYPES.get(suffix)
    ) as sound:
        # In blocks: libsndfile's Vorbis encoder overflows its stack on long ones.
        for first in range(0, len(y), 8192):
            sound.write(y[first : first + 8192])
    return location


def write_tone(path: Path | bytes, number: int, *, duration_s: float = 2.0) -> bytes:
    """Write a recording that is distinct for each number."""
    return write_audio(path, make_tone(duration_s, pitch_hz=110.0 * 2 ** (number / 12)))


def _write_by_ffmpeg(location: bytes, codec: str, y: NDArray[np.float32], rate_hz: int) -> None:
    with av.open(os.fsdecode(location), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="stereo")
        stream.bit_rate = 128_000
        for first in range(0, len(y), 1024):
            block = np.ascontiguousarray(y[first : first + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = rate_hz, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
