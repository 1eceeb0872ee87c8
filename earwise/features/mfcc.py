"""The summary vector: statistics of a track's MFCCs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import librosa
import numpy as np
from numpy.typing import NDArray

from earwise.errors import AudioTooShortError, NonFiniteAudioError, SilentAudioError
from earwise.features.config import MfccConfig

Samples = NDArray[np.float32]

# Full scale is 1, and 32,768 in files of floats that hold whole numbers. The power of a frame of samples below this
# stays a float32, so that no summary vector can hold an infinity.
_LOUDEST = 1e9


def summarise(excerpts: Sequence[Samples], config: MfccConfig) -> NDArray[np.float32]:
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
    frames = [mfcc(y, config) for y in usable]
    deltas = [delta(m, config) for m in frames]
    coefficients, slopes = np.concatenate(frames, axis=1), np.concatenate(deltas, axis=1)
    statistics = (coefficients.mean(axis=1), coefficients.std(axis=1), slopes.std(axis=1))
    return np.concatenate(statistics).astype(np.float32, copy=False)


def mfcc(y: Samples, config: MfccConfig) -> NDArray[np.float32]:
    """MFCCs of one excerpt, as ``librosa.feature.mfcc(..., center=False)`` gives them.

    librosa makes window and mel basis anew on every call; here they are made once per process. Frames are not
    centred: frames that are padded with silence at both ends of every excerpt would describe the cuts.

    Parameters
    ----------
    y : ndarray [shape=(n_samples,), dtype=float32]
        Audio at ``config.sr``.

    Returns
    -------
    ndarray [shape=(n_mfcc, t), dtype=float32]
    """
    spectrum = librosa.stft(
        y, n_fft=config.n_fft, hop_length=config.hop_length, window=_window(config.n_fft), center=False
    )
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    log_mel = librosa.power_to_db(_mel_basis(config) @ power)
    coefficients: NDArray[np.float32] = librosa.feature.mfcc(S=log_mel, n_mfcc=config.n_mfcc)
    return coefficients


def delta(coefficients: NDArray[np.float32], config: MfccConfig) -> NDArray[np.float32]:
    """Slope of each coefficient over time, as `librosa.feature.delta` gives it.

    The slope of the straight line that fits ``delta_frames`` frames best; at both ends the nearest slope there is.
    librosa has this of scipy.signal, whose import alone would take a worker process longer than several tracks.

    Parameters
    ----------
    coefficients : ndarray [shape=(n_mfcc, t), dtype=float32]
        At least ``delta_frames`` frames.

    Returns
    -------
    ndarray [shape=(n_mfcc, t), dtype=float32]
    """
    half = config.delta_frames // 2
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(coefficients, config.delta_frames, axis=1)
    slopes = windows @ (offsets / np.square(offsets).sum())
    return np.pad(slopes, ((0, 0), (half, half)), mode="edge")


@lru_cache(maxsize=4)
def _window(n_fft: int) -> NDArray[np.float32]:
    # Periodic, as spectra want it; of numpy for the same reason as the deltas.
    return np.hanning(n_fft + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=4)
def _mel_basis(config: MfccConfig) -> NDArray[np.float32]:
    basis: NDArray[np.float32] = librosa.filters.mel(sr=config.sr, n_fft=config.n_fft, n_mels=config.n_mels)
    return basis


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
        raise SilentAudioError(f"Nothing to hear: no sample is louder than {config.silence_dbfs:.0f} dBFS.")
