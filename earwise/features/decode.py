"""From a file to mono samples: libsndfile first, FFmpeg for what libsndfile refuses.

Long tracks are not decoded through: the decoder seeks to each of the excerpts that `MfccConfig` names. Memory is
bounded by one excerpt and one block of all channels, whatever the file's header claims.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from typing import Any, cast

import av
import av.container
import av.error
import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from earwise.containers import FFMPEG_ERRORS, open_container
from earwise.errors import AudioTooShortError, DecodeError, NonFiniteAudioError, TrackError, UnsupportedFormatError
from earwise.features.config import MfccConfig
from earwise.features.mfcc import Samples
from earwise.paths import open_regular

_BLOCK_SAMPLES = 1 << 18  # of all channels together: 1 MiB
_RATES_HZ = (4_000, 768_000)
# Containers whose header states the exact length, so that less audio than stated means that the end is lost.
_EXACT_HEADERS = frozenset({"FLAC", "mov,mp4,m4a,3gp,3g2,mj2"})
_SHARE_THAT_SUFFICES = 0.5


@dataclass(frozen=True, slots=True)
class Audio:
    """What is analysed of a track.

    Attributes
    ----------
    excerpts : tuple of ndarray [shape=(n_samples,), dtype=float32]
        Mono, at the configuration's ``sr``, nominally in [-1, 1]; the whole track where it is short.
    duration_s : float
        Length of the whole track.
    decoder : str
        ``libsndfile`` or ``ffmpeg``.
    """

    excerpts: tuple[Samples, ...]
    duration_s: float
    decoder: str


def decode_track(location: bytes, config: MfccConfig, *, duration_s: float | None = None) -> Audio:
    """Decode the excerpts of a track.

    Parameters
    ----------
    duration_s : float or None
        Length of the audio that is in the file, where it is known better than from the file's header.

    Raises
    ------
    TrackError
        If no decoder here makes audio of the file.
    """
    try:
        with open_regular(location) as file:
            if not os.fstat(file.fileno()).st_size:
                raise DecodeError("The file is empty.", code="empty")
            return _decode_by_libsndfile(file, config, duration_s)
    except (soundfile.LibsndfileError, _IncompleteError) as refusal:
        first_refusal = str(refusal)
    try:
        with open_regular(location) as file:
            return _decode_by_ffmpeg(file, config, duration_s)
    except _IncompleteError as error:
        raise DecodeError(str(error), code="truncated") from error
    except MemoryError:
        raise  # also FFmpeg's own, which says nothing about what is in the file
    except FFMPEG_ERRORS as error:
        raise DecodeError(f"No audio in this file. libsndfile: {first_refusal} FFmpeg: {_reason(error)}.") from error


def read_duration_s(location: bytes) -> float:
    """Length of a track by its header, in seconds, without decoding it.

    Raises
    ------
    TrackError
        If the header can't be read.
    """
    with open_regular(location) as file:
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                return float(sound.frames / sound.samplerate)
        except soundfile.LibsndfileError:
            file.seek(0)
        try:
            with open_container(file) as container:
                return (container.duration or 0) / av.time_base
        except FFMPEG_ERRORS as error:
            raise DecodeError(f"No audio in this file. FFmpeg: {_reason(error)}.") from error


class _IncompleteError(Exception):
    """Less audio could be decoded than there should be."""


def _decode_by_libsndfile(file: FileIO, config: MfccConfig, duration_s: float | None) -> Audio:
    with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
        _check_rate(sound.samplerate)
        length_s = _real_length_s(sound.format, sound.frames / sound.samplerate, duration_s)
        excerpts = []
        for start_s in config.excerpt_starts_s(length_s):
            sound.seek(min(int(start_s * sound.samplerate), max(sound.frames - 1, 0)))
            blocks = _libsndfile_blocks(sound, _wanted_s(config, length_s))
            excerpts.append(_join(blocks, sound.samplerate, config))
        return _complete(excerpts, length_s, config, "libsndfile")


def _libsndfile_blocks(sound: Any, wanted_s: float) -> Iterator[Samples]:
    wanted = int(wanted_s * sound.samplerate)
    block_frames = max(1, _BLOCK_SAMPLES // sound.channels)
    while wanted > 0:
        block = sound.read(min(wanted, block_frames), dtype="float32", always_2d=True)
        if not len(block):
            return
        wanted -= len(block)
        yield _downmix(block)


def _decode_by_ffmpeg(file: FileIO, config: MfccConfig, duration_s: float | None) -> Audio:
    with open_container(file) as container:
        if not container.streams.audio:
            raise UnsupportedFormatError("The file holds no audio stream.")
        stream = container.streams.audio[0]
        _check_rate(stream.sample_rate)
        claimed_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        length_s = _real_length_s(
            container.format.name, claimed_s or (container.duration or 0) / av.time_base, duration_s
        )
        excerpts = []
        for start_s in config.excerpt_starts_s(length_s):
            if start_s:
                container.seek(int(start_s * av.time_base))
            blocks = _ffmpeg_blocks(container, stream, start_s, _wanted_s(config, length_s))
            excerpts.append(_join(blocks, stream.sample_rate, config))
        return _complete(excerpts, length_s, config, "ffmpeg")


def _ffmpeg_blocks(
    container: av.container.InputContainer, stream: Any, start_s: float, wanted_s: float
) -> Iterator[Samples]:
    # Only the sample format is converted here, so that both decoders share one downmix and one resampler.
    resampler = av.AudioResampler(format="fltp")
    wanted = int(wanted_s * stream.sample_rate)
    try:
        for decoded in container.decode(stream):
            if decoded.time is not None and decoded.time + decoded.samples / decoded.sample_rate < start_s:
                continue
            for frame in resampler.resample(decoded):
                block = _downmix(cast(Samples, frame.to_ndarray()).T[:wanted])
                wanted -= len(block)
                yield block
            if wanted <= 0:
                return
    except av.error.EOFError:
        return


def _downmix(block: NDArray[np.float32]) -> Samples:
    # A dot product: the mean over a strided axis takes thirteen times as long.
    if block.shape[1] == 1:
        return np.ascontiguousarray(block[:, 0])
    return block @ np.full(block.shape[1], 1 / block.shape[1], dtype=np.float32)


def _join(blocks: Iterator[Samples], rate_hz: int, config: MfccConfig) -> Samples:
    parts = list(blocks)
    y = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
    if rate_hz == config.sr or not y.size:
        return y
    try:
        resampled: Samples = librosa.resample(y, orig_sr=rate_hz, target_sr=config.sr, res_type="soxr_hq")
    except librosa.ParameterError as error:
        raise NonFiniteAudioError("The audio holds samples that are not numbers.") from error
    return resampled


def _wanted_s(config: MfccConfig, length_s: float) -> float:
    is_whole = len(config.excerpt_starts_s(length_s)) == 1
    return config.excerpts * config.excerpt_s if is_whole else config.excerpt_s


def _real_length_s(container: str, claimed_s: float, duration_s: float | None) -> float:
    if duration_s is None:
        return claimed_s
    if container in _EXACT_HEADERS and duration_s < min(0.9 * claimed_s, claimed_s - 1):
        raise DecodeError(
            f"The file is cut off: its header promises {claimed_s:.0f} s of audio, {duration_s:.0f} s are there.",
            code="truncated",
        )
    return duration_s


def _complete(excerpts: list[Samples], length_s: float, config: MfccConfig, decoder: str) -> Audio:
    decoded_s = sum(y.size for y in excerpts) / config.sr
    wanted_s = min(length_s, config.excerpts * config.excerpt_s)
    if decoded_s < _SHARE_THAT_SUFFICES * wanted_s:
        raise _IncompleteError(f"The audio breaks off: {decoded_s:.1f} s of {wanted_s:.1f} s could be decoded.")
    if not decoded_s:
        raise AudioTooShortError("The file holds no audio at all.")
    return Audio(tuple(excerpts), max(length_s, decoded_s), decoder)


def _check_rate(rate_hz: int) -> None:
    lowest, highest = _RATES_HZ
    if not lowest <= rate_hz <= highest:
        raise UnsupportedFormatError(f"A sampling rate of {rate_hz} Hz is not audio for listening.")


def _reason(error: Exception) -> str:
    if isinstance(error, TrackError):
        return str(error)
    return str(getattr(error, "strerror", None) or error).rstrip(".")
