"""The summary vector has the properties that comparing tracks by it rests on."""

from __future__ import annotations

import dataclasses
import os
from itertools import pairwise
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwise.errors import AudioTooShortError, NonFiniteAudioError, SilentAudioError, TrackError
from earwise.features.audio import Samples
from earwise.features.config import Excerpt, MfccConfig
from earwise.features.decode import decode_track
from earwise.features.mfcc import delta, mfcc, summarise
from tests.audio import make_tone

CONFIG = MfccConfig()
MUSIC = Path(__file__).resolve().parents[1] / "vendor" / "gunroar" / "excerpt.ogg"
N = CONFIG.n_mfcc


def tone(duration_s: float = 3.0, *, pitch_hz: float = 220.0) -> Samples:
    return make_tone(duration_s, pitch_hz=pitch_hz, rate_hz=CONFIG.sr)[:, 0].copy()


def test_summary_is_a_finite_float32_vector_of_three_statistics() -> None:
    vector = summarise([tone()], CONFIG)
    assert vector.shape == (CONFIG.n_features,) == (60,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


def test_summary_equals_statistics_of_plain_librosa() -> None:
    y = tone(10.0)
    plain = librosa.feature.mfcc(
        y=y, sr=CONFIG.sr, n_mfcc=N, n_fft=CONFIG.n_fft, hop_length=CONFIG.hop_length, center=False
    )
    deltas = librosa.feature.delta(plain)[:, 4:-4]
    expected = np.concatenate([plain.mean(axis=1), plain.std(axis=1), deltas.std(axis=1)])
    np.testing.assert_allclose(mfcc(y, CONFIG), plain, rtol=1e-4, atol=2e-3)
    np.testing.assert_allclose(summarise([y], CONFIG), expected, rtol=1e-3, atol=2e-3)


def test_real_music_has_the_mfcc_of_plain_librosa() -> None:
    """Within 0.01, where the coefficients of different frames are apart by tens."""
    y, _ = librosa.load(MUSIC, sr=CONFIG.sr)
    plain = librosa.feature.mfcc(y=y, sr=CONFIG.sr, n_mfcc=N, center=False)
    whole = dataclasses.replace(CONFIG, longest_whole_s=60.0)
    (decoded,) = decode_track(os.fsencode(MUSIC), [whole]).excerpts_for(whole)
    np.testing.assert_allclose(mfcc(decoded, whole), plain, atol=0.01)
    slopes = librosa.feature.delta(plain)[:, 4:-4]
    expected = np.concatenate([plain.mean(axis=1), plain.std(axis=1), slopes.std(axis=1)])
    np.testing.assert_allclose(summarise([decoded], whole), expected, atol=0.01)


def test_excerpts_of_real_music_have_nearly_the_summary_of_the_whole() -> None:
    whole = dataclasses.replace(CONFIG, longest_whole_s=60.0)
    audio = decode_track(os.fsencode(MUSIC), [CONFIG, whole])
    of_excerpts, of_whole = (summarise(audio.excerpts_for(config), config) for config in (CONFIG, whole))
    assert np.abs(of_excerpts - of_whole)[1:].max() < 5


@pytest.mark.parametrize("frames", [9, 10, 57])
def test_deltas_equal_those_of_librosa_between_the_ends(frames: int) -> None:
    coefficients = np.random.default_rng(frames).standard_normal((N, frames)).astype(np.float32)
    half = CONFIG.delta_frames // 2
    of_librosa = librosa.feature.delta(coefficients, width=CONFIG.delta_frames)[:, half:-half]
    np.testing.assert_allclose(delta(coefficients, CONFIG), of_librosa, atol=1e-5)


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
def test_gain_moves_the_first_mean_alone(gain: float) -> None:
    y = tone()
    quiet, loud = summarise([y], CONFIG), summarise([gain * y], CONFIG)
    # Every mel band shifts by 20 log10(gain) dB; the orthonormal DCT puts a constant shift into coefficient 0.
    shift = 20 * np.log10(gain) * np.sqrt(CONFIG.n_mels)
    assert loud[0] - quiet[0] == pytest.approx(shift, abs=0.05)
    np.testing.assert_allclose(loud[1:], quiet[1:], atol=0.05)


def test_polarity_does_not_matter() -> None:
    y = tone()
    np.testing.assert_allclose(summarise([-y], CONFIG), summarise([y], CONFIG), atol=1e-3)


def test_another_pitch_is_another_vector() -> None:
    low, high = summarise([tone(pitch_hz=110)], CONFIG), summarise([tone(pitch_hz=880)], CONFIG)
    assert np.linalg.norm(low - high) > 20


def test_order_of_excerpts_does_not_matter() -> None:
    first, second = tone(pitch_hz=110), tone(pitch_hz=330)
    np.testing.assert_allclose(
        summarise([first, second], CONFIG), summarise([second, first], CONFIG), rtol=1e-4, atol=1e-3
    )


def test_cuts_between_excerpts_are_not_heard() -> None:
    y = tone(10.0)
    whole, halves = summarise([y], CONFIG), summarise([y[: y.size // 2], y[y.size // 2 :]], CONFIG)
    assert np.abs(whole - halves).max() < 1.0


def test_excerpt_of_a_few_samples_is_left_out() -> None:
    y = tone()
    np.testing.assert_array_equal(summarise([y, y[:100]], CONFIG), summarise([y], CONFIG))


@pytest.mark.parametrize(
    ("excerpts", "length"), [([], "0.0"), ([tone(0.2)], "0.2"), ([tone(0.9)], "0.9"), ([tone(0.1)] * 20, "2.0")]
)
def test_too_little_audio_is_too_short(excerpts: list[Samples], length: str) -> None:
    with pytest.raises(AudioTooShortError, match=f"Only {length} s of audio"):
        summarise(excerpts, CONFIG)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_is_told_from_sound(level: float) -> None:
    with pytest.raises(SilentAudioError):
        summarise([np.full(2 * CONFIG.sr, level, np.float32)], CONFIG)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_sample_that_is_no_number_is_found(value: float) -> None:
    y = tone()
    y[1000] = value
    with pytest.raises(NonFiniteAudioError):
        summarise([tone(), y], CONFIG)


@settings(deadline=None, max_examples=20)
@given(
    spikes=st.lists(st.tuples(st.integers(0, CONFIG.sr - 1), st.floats(width=32)), max_size=4),
    gain=st.floats(0, 2.0**100, width=32),
)
def test_any_samples_give_a_finite_vector_or_an_error_of_ours(spikes: list[tuple[int, float]], gain: float) -> None:
    y = tone(1.0) * np.float32(gain)
    for index, value in spikes:
        y[index] = value
    try:
        vector = summarise([y], CONFIG)
    except TrackError:
        return
    assert np.isfinite(vector).all()


def test_every_parameter_is_part_of_the_version() -> None:
    versions = {CONFIG.feature_version}
    for field in dataclasses.fields(MfccConfig):
        other = dataclasses.replace(CONFIG, **{field.name: getattr(CONFIG, field.name) + 1})
        versions.add(other.feature_version)
    assert len(versions) == len(dataclasses.fields(MfccConfig)) + 1
    assert MfccConfig().feature_version == CONFIG.feature_version
    assert CONFIG.feature_version.startswith("mfcc-")
    assert len(CONFIG.feature_version) == len("mfcc-") + 10


@given(st.floats(0.0, 1e6))
def test_excerpts_lie_within_the_track_and_apart(duration_s: float) -> None:
    excerpts = CONFIG.excerpts_of(duration_s)
    if duration_s <= CONFIG.longest_whole_s:
        assert excerpts == (Excerpt(0.0, CONFIG.longest_whole_s),)
        return
    assert len(excerpts) == min(CONFIG.excerpts, int(CONFIG.most_share * duration_s / CONFIG.excerpt_s))
    assert all(excerpt.length_s == CONFIG.excerpt_s for excerpt in excerpts)
    assert excerpts[0].start_s >= 0
    assert excerpts[-1].start_s + CONFIG.excerpt_s <= duration_s * (1 + 1e-9)
    assert all(b.start_s - a.start_s >= CONFIG.excerpt_s * (1 - 1e-9) for a, b in pairwise(excerpts))
