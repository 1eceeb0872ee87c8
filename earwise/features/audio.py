"""What was decoded of a track, and the excerpts that a configuration takes of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray

from earwise.errors import NonFiniteAudioError
from earwise.features.config import Excerpt, MfccConfig

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a track, in samples from its beginning; the end is not part of it."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Audio:
    """What was decoded of a track.

    Attributes
    ----------
    spans : tuple of Span
        Which parts were asked for, in order and apart.
    parts : tuple of ndarray [shape=(n_samples,), dtype=float32]
        What there was of each: mono, at `rate_hz`, nominally in [-1, 1].
    rate_hz : int
        Sampling rate of the file.
    length_s : float
        Length of the track that the spans were planned for.
    decoder : str
        ``libsndfile`` or ``ffmpeg``.
    """

    spans: tuple[Span, ...]
    parts: tuple[Samples, ...]
    rate_hz: int
    length_s: float
    decoder: str

    @property
    def decoded_s(self) -> float:
        """Seconds of audio in all parts."""
        return sum(y.size for y in self.parts) / self.rate_hz

    @property
    def duration_s(self) -> float:
        """Length of the whole track; a header may have promised less than there was."""
        return max(self.length_s, self.decoded_s)

    def excerpts_for(self, config: MfccConfig) -> tuple[Samples, ...]:
        """The excerpts that a configuration asks for, which was among those that the spans were planned for.

        They are the same whatever other configurations were: each is cut out first and resampled by itself.

        Returns
        -------
        tuple of ndarray [shape=(n_samples,), dtype=float32]
            Mono, at the configuration's ``sr``.

        Raises
        ------
        NonFiniteAudioError
            If the audio holds samples that are not numbers.
        """
        wanted = [_span_of(excerpt, self.rate_hz) for excerpt in config.excerpts_of(self.length_s)]
        return tuple(_resample(self._cut(span), self.rate_hz, config.sr) for span in wanted)

    def _cut(self, wanted: Span) -> Samples:
        number = bisect_right(self.spans, wanted.first, key=lambda span: span.first) - 1
        offset = self.spans[number].first
        return self.parts[number][wanted.first - offset : wanted.end - offset]


def plan_spans(configs: Sequence[MfccConfig], length_s: float, rate_hz: int) -> tuple[Span, ...]:
    """What has to be decoded of a track for all of the configurations, each part once.

    >>> one, two = MfccConfig(excerpts=2, excerpt_s=2.0), MfccConfig(excerpts=1, excerpt_s=60.0)
    >>> plan_spans([one], 120.0, 10), plan_spans([one, two], 120.0, 10)
    ((Span(first=290, end=310), Span(first=890, end=910)), (Span(first=290, end=910),))
    """
    wanted = {_span_of(excerpt, rate_hz) for config in configs for excerpt in config.excerpts_of(length_s)}
    spans: list[Span] = []
    for span in sorted(wanted, key=lambda span: span.first):
        if spans and span.first <= spans[-1].end:
            spans[-1] = Span(spans[-1].first, max(span.end, spans[-1].end))
        else:
            spans.append(span)
    return tuple(spans)


def _span_of(excerpt: Excerpt, rate_hz: int) -> Span:
    first = int(excerpt.start_s * rate_hz)
    return Span(first, first + int(excerpt.length_s * rate_hz))


def _resample(y: Samples, rate_hz: int, sr: int) -> Samples:
    if rate_hz == sr or not y.size:
        return y
    try:
        resampled: Samples = librosa.resample(y, orig_sr=rate_hz, target_sr=sr, res_type="soxr_hq")
    except librosa.ParameterError as error:
        raise NonFiniteAudioError("The audio holds samples that are not numbers.") from error
    return resampled
