"""What is measured of a track, and the version that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a track, in seconds from its beginning; the track may end before it does."""

    start_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class MfccConfig:
    """Parameters of the summary vector; every one of them is part of `feature_version`.

    Attributes
    ----------
    sr : int
        Sampling rate that everything is brought to, in Hz.
    n_fft, hop_length : int
        Length of a frame and distance of two, in samples.
    n_mels, n_mfcc : int
        Mel bands, and cepstral coefficients kept of them.
    delta_frames : int
        Frames that a delta is fitted over.
    excerpts, excerpt_s : int, float
        Of a long track this many excerpts of this length are analysed, spread evenly.
    most_share : float
        Of a track with less than ``excerpts * excerpt_s / most_share`` seconds fewer excerpts are analysed, which
        make up this share of it.
    longest_whole_s : float
        A track up to this length is analysed whole.
    min_duration_s : float
        Audio shorter than this does not describe a sound.
    silence_dbfs : float
        A track whose every sample stays below this peak is silent.
    revision : int
        Raised when the code computes something else from the same parameters.
    """

    sr: int = 22_050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 20
    delta_frames: int = 9
    # Many short excerpts describe a track better than few long ones: docs/benchmarks/extraction.md.
    excerpts: int = 24
    excerpt_s: float = 1.0
    most_share: float = 0.5
    longest_whole_s: float = 12.0
    min_duration_s: float = 1.0
    silence_dbfs: float = -80.0
    revision: int = 1

    @property
    def feature_version(self) -> str:
        """Name of these parameters: equal versions are comparable vectors.

        >>> MfccConfig().feature_version == MfccConfig(hop_length=256).feature_version
        False
        """
        described = json.dumps(self.parameters, sort_keys=True)
        return f"mfcc-{hashlib.sha256(described.encode()).hexdigest()[:10]}"

    @property
    def parameters(self) -> dict[str, int | float]:
        """All parameters by name, as they are stored."""
        return asdict(self)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, int | float]) -> MfccConfig | None:
        """The configuration of stored parameters; None where this code can't compute what they meant.

        >>> MfccConfig.from_parameters(MfccConfig(n_mfcc=13).parameters).n_mfcc
        13
        >>> MfccConfig.from_parameters(MfccConfig(revision=0).parameters)
        """
        if set(parameters) != {field.name for field in fields(cls)} or parameters["revision"] != cls().revision:
            return None
        return cls(**parameters)  # type: ignore[arg-type]

    @property
    def shortest_excerpt(self) -> int:
        """Samples that give the frames of one delta; a shorter excerpt is left out."""
        return self.n_fft + (self.delta_frames - 1) * self.hop_length

    @property
    def n_features(self) -> int:
        """Length of the summary vector: mean, deviation and deviation of the deltas of each coefficient."""
        return 3 * self.n_mfcc

    def excerpts_of(self, duration_s: float) -> tuple[Excerpt, ...]:
        """The parts of a track that are analysed.

        Each lies in the middle of its share of the track, so that neither the first nor the last seconds, often
        silence and applause, count more than others.

        >>> MfccConfig(excerpts=2, excerpt_s=10.0).excerpts_of(100.0)
        (Excerpt(start_s=20.0, length_s=10.0), Excerpt(start_s=70.0, length_s=10.0))
        >>> MfccConfig(excerpts=2, excerpt_s=10.0).excerpts_of(20.0)
        (Excerpt(start_s=5.0, length_s=10.0),)
        >>> MfccConfig(longest_whole_s=20.0).excerpts_of(20.0)
        (Excerpt(start_s=0.0, length_s=20.0),)
        """
        count = min(self.excerpts, int(self.most_share * duration_s / self.excerpt_s))
        if duration_s <= self.longest_whole_s or not count:
            return (Excerpt(0.0, self.longest_whole_s),)
        share_s = duration_s / count
        return tuple(
            Excerpt(number * share_s + (share_s - self.excerpt_s) / 2, self.excerpt_s) for number in range(count)
        )
