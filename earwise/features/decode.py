"""From a file to mono samples: libsndfile first, FFmpeg for what libsndfile refuses.

Long tracks are not decoded through: the decoder seeks to each of the excerpts that a configuration names. Memory is
bounded by the excerpts and one block of all channels, whatever the file's header claims.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from io import FileIO
from typing import Any

import av
import av.container
import av.error
import numpy as np
import soundfile
from numpy.typing import NDArray

from earwise.containers import FFMPEG_ERRORS, open_container
from earwise.errors import AudioTooShortError, DecodeError, TrackError, UnsupportedFormatError
from earwise.features.audio import Audio, Samples, Span, plan_spans
from earwise.features.config import MfccConfig
from earwise.paths import open_regular

_BLOCK_SAMPLES = 1 << 18  # of all channels together: 1 MiB
_RATES_HZ = (4_000, 768_000)
# What is decoded and thrown away before an excerpt, since the first frames after a seek lack what they share with
# those before them; an MP3 frame may hold bits of the nine after it, of which libsndfile's decoder reads four itself.
_MP3_LEAD_IN = 5 * 1152
_LEAD_IN_S = 0.1
# Containers whose header states the exact length, so that less audio than stated means that the end is lost.
_EXACT_HEADERS = frozenset({"FLAC", "mov,mp4,m4a,3gp,3g2,mj2"})
_SHARE_THAT_SUFFICES = 0.5


def decode_track(location: bytes, configs: Sequence[MfccConfig], *, duration_s: float | None = None) -> Audio:
    """Decode the excerpts of a track, for several configurations at once.

    Parameters
    ----------
    configs : sequence of MfccConfig
        What the excerpts are for.
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
            return _decode_by_libsndfile(file, configs, duration_s)
    except (soundfile.LibsndfileError, _IncompleteError) as refusal:
        # Without soundfile's prefix, which names the file by the number of its descriptor.
        first_refusal = getattr(refusal, "error_string", str(refusal))
    try:
        with open_regular(location) as file:
            return _decode_by_ffmpeg(file, configs, duration_s)
    except _IncompleteError as error:
        raise DecodeError(str(error), code="truncated") from error
    except MemoryError:
        raise  # also FFmpeg's own, which says nothing about what is in the file
    except av.error.DecoderNotFoundError as error:
        raise UnsupportedFormatError("No decoder here reads this kind of audio.") from error
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


def _decode_by_libsndfile(file: FileIO, configs: Sequence[MfccConfig], duration_s: float | None) -> Audio:
    with _Sound(file.fileno(), closefd=False) as sound:
        _check_rate(sound.samplerate)
        length_s = _real_length_s(sound.format, sound.frames / sound.samplerate, duration_s)
        spans = plan_spans(configs, length_s, sound.samplerate)
        parts = tuple(_join(_libsndfile_blocks(sound, span)) for span in spans)
        return _complete(Audio(spans, parts, sound.samplerate, length_s, "libsndfile"))


class _Sound(soundfile.SoundFile):  # type: ignore[misc] # soundfile has no types
    """A file that is read on from where it is; soundfile itself seeks after every read, which harms an MP3."""

    def seekable(self) -> bool:
        """Whether a read ends with a seek to where it ended."""
        return False


def _libsndfile_blocks(sound: Any, span: Span) -> Iterator[Samples]:
    lead_in = min(span.first, _MP3_LEAD_IN) if sound.format == "MP3" else 0
    sound.seek(min(span.first - lead_in, max(sound.frames - 1, 0)))
    wanted = span.end - span.first + lead_in
    block_frames = max(1, _BLOCK_SAMPLES // sound.channels)
    while wanted > 0:
        block = sound.read(min(wanted, block_frames), dtype="float32", always_2d=True)
        if not len(block):
            return
        wanted -= len(block)
        yield _downmix(block[lead_in:])
        lead_in = 0


def _decode_by_ffmpeg(file: FileIO, configs: Sequence[MfccConfig], duration_s: float | None) -> Audio:
    with open_container(file) as container:
        if not container.streams.audio:
            raise UnsupportedFormatError("The file holds no audio stream.")
        stream = container.streams.audio[0]
        rate_hz = stream.sample_rate
        _check_rate(rate_hz)
        claimed_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        length_s = _real_length_s(
            container.format.name, claimed_s or (container.duration or 0) / av.time_base, duration_s
        )
        spans = plan_spans(configs, length_s, rate_hz)
        parts = tuple(_join(_ffmpeg_blocks(container, stream, span)) for span in spans)
        return _complete(Audio(spans, parts, rate_hz, length_s, "ffmpeg"))


def _ffmpeg_blocks(container: av.container.InputContainer, stream: Any, span: Span) -> Iterator[Samples]:
    rate_hz = stream.sample_rate
    if span.first:
        container.seek(int(max(0.0, span.first / rate_hz - _LEAD_IN_S) * av.time_base))
    wanted = span.end - span.first
    is_there = False
    try:
        for decoded in container.decode(stream):
            # A container without time stamps is taken at its word that it sought to the right place.
            before = 0 if is_there or decoded.time is None else max(0, span.first - round(decoded.time * rate_hz))
            if before >= decoded.samples:
                continue
            is_there = True
            block = _downmix(_frame_samples(decoded)[before : before + wanted])
            wanted -= len(block)
            yield block
            if wanted <= 0:
                return
    except av.error.EOFError:
        return


def _frame_samples(frame: av.AudioFrame) -> Samples:
    """Samples of a frame [shape=(n_samples, n_channels), dtype=float32], nominally in [-1, 1].

    Not by PyAV's resampler: that starts a thread for every processor, whose stacks count as the worker's memory until
    the garbage collector comes; for the excerpts of one track, 370 MB.
    """
    stored = frame.to_ndarray()
    samples = stored.T if frame.format.is_planar else stored.reshape(-1, frame.layout.nb_channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    full_scale = 1 << (8 * samples.dtype.itemsize - 1)
    silence = full_scale if samples.dtype.kind == "u" else 0
    return (samples.astype(np.float32) - np.float32(silence)) * np.float32(1 / full_scale)


def _downmix(block: NDArray[np.float32]) -> Samples:
    # A dot product: the mean over a strided axis takes thirteen times as long.
    if block.shape[1] == 1:
        return np.ascontiguousarray(block[:, 0])
    return block @ np.full(block.shape[1], 1 / block.shape[1], dtype=np.float32)


def _join(blocks: Iterator[Samples]) -> Samples:
    parts = list(blocks)
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _real_length_s(container: str, claimed_s: float, duration_s: float | None) -> float:
    if duration_s is None:
        return claimed_s
    if container in _EXACT_HEADERS and duration_s < min(0.9 * claimed_s, claimed_s - 1):
        raise DecodeError(
            f"The file is cut off: its header promises {claimed_s:.0f} s of audio, {duration_s:.0f} s are there.",
            code="truncated",
        )
    return duration_s


def _complete(audio: Audio) -> Audio:
    end = round(audio.length_s * audio.rate_hz)
    wanted_s = sum(max(0, min(span.end, end) - span.first) for span in audio.spans) / audio.rate_hz
    if audio.decoded_s < _SHARE_THAT_SUFFICES * wanted_s:
        raise _IncompleteError(f"The audio breaks off: {audio.decoded_s:.1f} s of {wanted_s:.1f} s could be decoded.")
    if not audio.decoded_s:
        raise AudioTooShortError("The file holds no audio at all.")
    return audio


def _check_rate(rate_hz: int) -> None:
    lowest, highest = _RATES_HZ
    if not lowest <= rate_hz <= highest:
        raise UnsupportedFormatError(f"A sampling rate of {rate_hz} Hz is not audio for listening.")


def _reason(error: Exception) -> str:
    if isinstance(error, TrackError):
        return str(error)
    return str(getattr(error, "strerror", None) or error).rstrip(".")
