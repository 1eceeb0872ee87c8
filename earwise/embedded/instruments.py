"""The styles of the synthesised library: each a function from a random generator to a short piece.

All return mono float32 in [-1, 1], 8 to 12 seconds at 22,050 Hz. What a style has in common is its way of making
sound; key, tempo, notes and colour are drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

SAMPLE_RATE = 22_050
Samples = NDArray[np.float32]
_Signal = NDArray[np.float64]
_MINOR = np.array([0, 2, 3, 5, 7, 8, 10])
_MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])


def drone(rng: Generator) -> Samples:
    """Long low tones with slowly beating overtones."""
    t, root = _times(rng), _pitch(rng, 32, 44)
    y = np.zeros_like(t)
    for overtone in (1, 1.5, 2, 3, 4):
        for detune in (-0.4, 0.4):
            swell = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.05, 0.3) * t + rng.uniform(0, 6))
            y += swell / overtone * np.sin(2 * np.pi * (root * overtone + detune * rng.uniform(0.5, 1)) * t)
    return _finish(y)


def arpeggio(rng: Generator) -> Samples:
    """Broken chords of a soft triangle wave."""
    scale, root, beat_s = rng.choice(np.stack([_MINOR, _MAJOR])), rng.integers(55, 67), rng.uniform(0.11, 0.18)
    y = np.zeros_like(_times(rng))
    for number, start in enumerate(_beats(y, beat_s)):
        step = scale[[0, 2, 4][number % 3]] + 12 * (number // 3 % 2) + scale[number // 12 % 7]
        t = np.arange(int(beat_s * 2.5 * SAMPLE_RATE)) / SAMPLE_RATE
        _add(y, start, _triangle(_frequency(root + step) * t) * np.exp(-t * 6))
    return _finish(y)


def drums(rng: Generator) -> Samples:
    """Kick, snare and hat."""
    y, beat_s = np.zeros_like(_times(rng)), rng.uniform(0.11, 0.16)
    kicks, snares = rng.permutation(16)[:4], rng.permutation(16)[:3]
    for number, start in enumerate(_beats(y, beat_s)):
        t = np.arange(int(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
        if number % 16 in kicks or number % 8 == 0:
            _add(y, start, 1.2 * np.sin(2 * np.pi * (50 * t - 9 * np.exp(-t * 30))) * np.exp(-t * 12))
        if number % 16 in snares or number % 8 == 4:
            _add(y, start, (rng.normal(size=t.size) + np.sin(2 * np.pi * 190 * t)) * np.exp(-t * 20) * 0.6)
        _add(y, start, _high(rng.normal(size=t.size), 7_000) * np.exp(-t * 60) * rng.uniform(0.2, 0.6))
    return _finish(y)


def strings(rng: Generator) -> Samples:
    """Plucked strings after Karplus and Strong (Computer Music Journal 7, 1983)."""
    y, beat_s, root = np.zeros_like(_times(rng)), rng.uniform(0.2, 0.35), rng.integers(45, 57)
    for start in _beats(y, beat_s):
        period = int(SAMPLE_RATE / _frequency(root + rng.choice(_MAJOR) + 12 * rng.integers(0, 2)))
        _add(y, start, _pluck(rng.uniform(-1, 1, period), int(1.5 * SAMPLE_RATE)))
    return _finish(y)


def wind(rng: Generator) -> Samples:
    """Noise through slowly moving bands: wind and surf."""
    t = _times(rng)
    y = np.zeros_like(t)
    for _ in range(3):
        centre = rng.uniform(200, 2_500)
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.08, 0.35) * t + rng.uniform(0, 6))
        y += _band(rng.normal(size=t.size), centre * 0.7, centre * 1.4) * swell**2
    return _finish(y)


def bells(rng: Generator) -> Samples:
    """Bells by frequency modulation (Chowning, JAES 21, 1973), with an inharmonic ratio."""
    y, beat_s, root = np.zeros_like(_times(rng)), rng.uniform(0.35, 0.7), rng.integers(69, 81)
    ratio = rng.uniform(1.38, 1.44)
    for start in _beats(y, beat_s):
        t = np.arange(int(2.5 * SAMPLE_RATE)) / SAMPLE_RATE
        frequency = _frequency(root + rng.choice(_MAJOR))
        modulator = 5 * np.exp(-t * 2.5) * np.sin(2 * np.pi * frequency * ratio * t)
        _add(y, start, np.sin(2 * np.pi * frequency * t + modulator) * np.exp(-t * 2))
    return _finish(y)


def chiptune(rng: Generator) -> Samples:
    """Fast pulse waves with a bass, as old home computers played them."""
    y, beat_s, root = np.zeros_like(_times(rng)), rng.uniform(0.09, 0.13), rng.integers(60, 72)
    melody, width = rng.choice(_MINOR, 16) + 12 * rng.integers(0, 2, 16), rng.choice([0.125, 0.25, 0.5])
    for number, start in enumerate(_beats(y, beat_s)):
        t = np.arange(int(beat_s * 0.95 * SAMPLE_RATE)) / SAMPLE_RATE
        _add(y, start, _pulse(_frequency(root + melody[number % 16]) * t, float(width)) * 0.5)
        _add(y, start, _pulse(_frequency(root - 24 + melody[number // 4 % 16] % 12) * t, 0.5) * 0.5)
    return _finish(y)


def bass(rng: Generator) -> Samples:
    """A filtered sawtooth line, low and dark."""
    y, beat_s, root = np.zeros_like(_times(rng)), rng.uniform(0.18, 0.3), rng.integers(28, 38)
    line = rng.choice(_MINOR, 8)
    for number, start in enumerate(_beats(y, beat_s)):
        t = np.arange(int(beat_s * 0.9 * SAMPLE_RATE)) / SAMPLE_RATE
        saw = 2 * (_frequency(root + line[number % 8]) * t % 1) - 1
        _add(y, start, _low(saw, rng.uniform(250, 500)) * np.exp(-t * 3))
    return _finish(y)


def choir(rng: Generator) -> Samples:
    """Slow chords of many detuned voices, shaped by the formants of a vowel."""
    t = _times(rng)
    y, root = np.zeros_like(t), rng.integers(50, 60)
    chord = rng.choice(np.array([[0, 4, 7], [0, 3, 7], [0, 5, 9]]))
    for note in (*chord, chord[0] + 12):
        for _ in range(4):
            vibrato = 0.004 * np.sin(2 * np.pi * rng.uniform(4.5, 6) * t + rng.uniform(0, 6))
            phase = np.cumsum(_frequency(note + root) * (1 + rng.normal(0, 0.002) + vibrato)) / SAMPLE_RATE
            y += 2 * (phase % 1) - 1
    formants = ((600, 1_000), (400, 1_700))[int(rng.integers(0, 2))]
    shaped = sum((_band(y, centre * 0.85, centre * 1.2) for centre in formants), np.zeros_like(y))
    return _finish(shaped * np.minimum(1, t / 1.5))


def organ(rng: Generator) -> Samples:
    """Sustained chords of drawbar sines with a tremolo."""
    t = _times(rng)
    y, root, bar_s = np.zeros_like(t), rng.integers(52, 64), rng.uniform(1.2, 2.2)
    drawbars = rng.uniform(0.2, 1, 6)
    for start in _beats(y, bar_s):
        part = np.arange(int(bar_s * SAMPLE_RATE)) / SAMPLE_RATE
        for note in _MAJOR[[0, 2, 4]] + rng.choice(_MAJOR):
            for overtone, level in zip((0.5, 1, 1.5, 2, 3, 4), drawbars, strict=True):
                _add(y, start, level * np.sin(2 * np.pi * _frequency(root + note) * overtone * part))
    return _finish(y * (1 + 0.3 * np.sin(2 * np.pi * rng.uniform(5, 7) * t)))


STYLES: dict[str, Callable[[Generator], Samples]] = {
    "Drone": drone,
    "Arpeggio": arpeggio,
    "Drums": drums,
    "Strings": strings,
    "Wind": wind,
    "Bells": bells,
    "Chiptune": chiptune,
    "Bass": bass,
    "Choir": choir,
    "Organ": organ,
}


def _times(rng: Generator) -> _Signal:
    return np.arange(int(rng.uniform(8, 12) * SAMPLE_RATE)) / SAMPLE_RATE


def _beats(y: _Signal, beat_s: float) -> range:
    return range(0, y.size, int(beat_s * SAMPLE_RATE))


def _add(y: _Signal, start: int, sound: _Signal) -> None:
    part = y[start : start + sound.size]
    part += sound[: part.size]


def _frequency(note: float) -> float:
    """Frequency in Hz of a MIDI note number."""
    return float(440 * 2 ** ((note - 69) / 12))


def _pitch(rng: Generator, low: int, high: int) -> float:
    return _frequency(int(rng.integers(low, high)))


def _triangle(cycles: _Signal) -> _Signal:
    return 4 * np.abs(cycles % 1 - 0.5) - 1


def _pulse(cycles: _Signal, width: float) -> _Signal:
    return np.where(cycles % 1 < width, 1.0, -1.0)


def _pluck(burst: _Signal, size: int) -> _Signal:
    """A burst of noise that goes round and round, each time a little duller: one period at a time."""
    periods = [burst]
    for _ in range(size // burst.size):
        last = periods[-1]
        periods.append(0.498 * (last + np.roll(last, 1)))
    return np.concatenate(periods)


def _band(y: _Signal, low: float, high: float) -> _Signal:
    return _weigh(y, lambda frequency: _falls(frequency, high) * (1 - _falls(frequency, low)))


def _low(y: _Signal, cutoff: float) -> _Signal:
    return _weigh(y, lambda frequency: _falls(frequency, cutoff))


def _high(y: _Signal, cutoff: float) -> _Signal:
    return _weigh(y, lambda frequency: 1 - _falls(frequency, cutoff))


def _falls(frequency: _Signal, cutoff: float) -> _Signal:
    return np.asarray(1 / np.sqrt(1 + (frequency / cutoff) ** 4))


def _weigh(y: _Signal, weight: Callable[[_Signal], _Signal]) -> _Signal:
    """Filter without a shift in phase: weigh the spectrum."""
    size = 1 << (y.size - 1).bit_length()
    spectrum = np.fft.rfft(y, size) * weight(np.fft.rfftfreq(size, 1 / SAMPLE_RATE))
    return np.fft.irfft(spectrum, size)[: y.size]


def _finish(y: _Signal) -> Samples:
    """Fade the ends and bring the peak to 0.8."""
    fade = np.minimum(1, np.minimum(np.arange(y.size), np.arange(y.size)[::-1]) / (0.02 * SAMPLE_RATE))
    y = y * fade
    return (0.8 * y / max(float(np.abs(y).max()), 1e-9)).astype(np.float32)
