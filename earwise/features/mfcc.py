"""The summary vector: statistics of a track's MFCCs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import librosa
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from earwise.errors import AudioTooShortError, NonFiniteAudioError, SilentAudioError
from earwise.features.audio import Samples
from earwise.features.config import MfccConfig

Matrix = NDArray[np.float32]

# Full scale is 1, and 32,768 in files of floats that hold whole numbers. The power of a frame of samples below this
# stays a float32, so that no summary vector can hold an infinity.
_LOUDEST = 1e9
# librosa's floor, and the range of loudness that it keeps below the loudest band.
_LEAST_POWER, _RANGE_DB = 1e-10, 80.0
# So many frames at a time stay in the processor's cache between window, transform and mel bands.
_BLOCK_FRAMES = 64
_BANDS_AT_ONCE = 16


def summarise(excerpts: Sequence[Samples], config: MfccConfig) -> Samples:
    """Summary vector of a track.

    Parameters
    ----------
    excerpts : sequence of ndarray [shape=(n_samples,), dtype=float32]
        Parts of the track at ``config.sr``, mono, nominally in [-1, 1].

    Returns
    -------
    ndarray [shape=(3 * n_mfcc,), dtype=float32]
        Over all frames of all excerpts: mean of each coefficient, its standard deviation, and the standard deviation
        of its deltas. Finite.

    Raises
    ------
    AudioTooShortError, SilentAudioError, NonFiniteAudioError
        If the excerpts do not describe a sound.
    """
    usable = [y for y in excerpts if y.size >= config.shortest_excerpt]
    _check_audible(excerpts, usable, config)
    powers = [mel_power(y, config) for y in usable]
    coefficients = cepstrum(np.concatenate(powers), config)
    ends = np.cumsum([len(power) for power in powers])[:-1]
    slopes = np.concatenate([delta(part, config) for part in np.split(coefficients, ends, axis=1)], axis=1)
    return np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1), slopes.std(axis=1)])


def mfcc(y: Samples, config: MfccConfig) -> Matrix:
    """MFCCs of one excerpt, as ``librosa.feature.mfcc(..., center=False)`` gives them.

    Frames are not centred: frames that are padded with silence at both ends of every excerpt would describe the cuts.

    Parameters
    ----------
    y : ndarray [shape=(n_samples,), dtype=float32]
        Audio at ``config.sr``, at least one frame.

    Returns
    -------
    ndarray [shape=(n_mfcc, t), dtype=float32]
    """
    return cepstrum(mel_power(y, config), config)


def mel_power(y: Samples, config: MfccConfig) -> Matrix:
    """Power in each mel band, as ``librosa.feature.melspectrogram(..., center=False)`` gives it, transposed.

    Of librosa it differs in cost alone: window and bands are made once per process, a block of frames stays in the
    cache from one step to the next, and bins are multiplied only with the bands near them; half of librosa's time.

    Returns
    -------
    ndarray [shape=(t, n_mels), dtype=float32]
    """
    frames = np.lib.stride_tricks.sliding_window_view(y, config.n_fft)[:: config.hop_length]
    window, bands = _window(config.n_fft), _mel_bands(config)
    power = np.empty((len(frames), config.n_mels), np.float32)
    for first in range(0, len(frames), _BLOCK_FRAMES):
        block = slice(first, first + _BLOCK_FRAMES)
        spectrum = scipy.fft.rfft(frames[block] * window, axis=1, overwrite_x=True)
        # Real and imaginary parts side by side; the bands add the squares of both.
        parts = spectrum.view(np.float32)
        np.square(parts, out=parts)
        for band in bands:
            np.matmul(parts[:, band.parts], band.weights, out=power[block, band.mels])
    return power


def cepstrum(power: Matrix, config: MfccConfig) -> Matrix:
    """MFCCs of the power in mel bands.

    Bands more than 80 dB below the loudest of all frames count as so loud, as librosa has it.

    Parameters
    ----------
    power : ndarray [shape=(t, n_mels), dtype=float32]

    Returns
    -------
    ndarray [shape=(n_mfcc, t), dtype=float32]
    """
    decibels = 10 * np.log10(np.maximum(power, _LEAST_POWER, dtype=np.float32))
    np.maximum(decibels, decibels.max() - _RANGE_DB, out=decibels)
    # Laid out by coefficient, so that numpy sums each pairwise and not one rounding error after the other.
    coefficients: Matrix = _cosines(config.n_mels, config.n_mfcc) @ decibels.T
    return coefficients


def delta(coefficients: Matrix, config: MfccConfig) -> Matrix:
    """Slope of each coefficient over time, as `librosa.feature.delta` gives it where there are frames on both sides.

    The slope of the straight line that fits ``delta_frames`` frames best. librosa has this of scipy.signal, whose
    import alone would take a worker process longer than several tracks; and repeats the outermost slopes at both
    ends, which would make a short excerpt look calmer than it is.

    Parameters
    ----------
    coefficients : ndarray [shape=(n_mfcc, t), dtype=float32]
        At least ``delta_frames`` frames.

    Returns
    -------
    ndarray [shape=(n_mfcc, t - delta_frames + 1), dtype=float32]
    """
    half = config.delta_frames // 2
    middle = slice(half, coefficients.shape[1] - half)
    slopes = np.zeros_like(coefficients[:, middle])
    for offset in range(1, half + 1):
        later = coefficients[:, middle.start + offset : middle.stop + offset]
        earlier = coefficients[:, middle.start - offset : middle.stop - offset]
        slopes += np.float32(offset) * (later - earlier)
    return slopes / np.float32(2 * sum(offset**2 for offset in range(1, half + 1)))


@dataclass(frozen=True, slots=True)
class _MelBands:
    """Neighbouring mel bands, and the part of a spectrum that they cover.

    Attributes
    ----------
    parts : slice
        Columns of a spectrum's real and imaginary parts.
    weights : ndarray [shape=(n_parts, n_bands), dtype=float32]
    """

    mels: slice
    parts: slice
    weights: Matrix


@lru_cache(maxsize=4)
def _window(n_fft: int) -> Samples:
    # Periodic, as spectra want it; of numpy for the same reason as the deltas.
    return np.hanning(n_fft + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=4)
def _mel_bands(config: MfccConfig) -> tuple[_MelBands, ...]:
    basis: Matrix = librosa.filters.mel(sr=config.sr, n_fft=config.n_fft, n_mels=config.n_mels)
    bands = []
    for first in range(0, config.n_mels, _BANDS_AT_ONCE):
        some = basis[first : first + _BANDS_AT_ONCE]
        bins = np.flatnonzero(some.any(axis=0))
        low, high = (int(bins[0]), int(bins[-1]) + 1) if bins.size else (0, 1)
        weights = np.ascontiguousarray(np.repeat(some[:, low:high], 2, axis=1).T)
        bands.append(_MelBands(slice(first, first + len(some)), slice(2 * low, 2 * high), weights))
    return tuple(bands)


@lru_cache(maxsize=4)
def _cosines(n_mels: int, n_mfcc: int) -> Matrix:
    """Rows of the orthonormal DCT-II [shape=(n_mfcc, n_mels)]."""
    whole: Matrix = scipy.fft.dct(np.eye(n_mels, dtype=np.float32), axis=0, norm="ortho")
    return np.ascontiguousarray(whole[:n_mfcc])


def _check_audible(excerpts: Sequence[Samples], usable: Sequence[Samples], config: MfccConfig) -> None:
    duration_s = sum(y.size for y in excerpts) / config.sr
    if duration_s < config.min_duration_s or not usable:
        raise AudioTooShortError(
            f"Only {duration_s:.1f} s of audio; at least {config.min_duration_s:.1f} s describe a sound."
        )
    # The extremes carry a NaN or an infinity along, so that one pass over the samples finds silence and all of them.
    peak = float(np.abs([extreme for y in usable for extreme in (y.min(), y.max())]).max())
    if not peak <= _LOUDEST:
        raise NonFiniteAudioError("The audio holds samples that are not numbers, or beyond any loudness.")
    if peak < 10 ** (config.silence_dbfs / 20):
        raise SilentAudioError(
            f"Nothing to hear: in the {duration_s:.0f} s that were listened to, spread over the track, no sample is "
            f"louder than {config.silence_dbfs:.0f} dBFS."
        )
