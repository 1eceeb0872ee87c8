"""What is found out about one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from earwise.errors import SilentAudioError
from earwise.extraction.analysis import analyse_track
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from tests.audio import make_tone, write_audio

RATE_HZ = 8_000


def analyse_quiet(folder: Path, *, sound_s: float) -> int:
    """Analyse five minutes of silence that begin with so much sound; how many vectors are found."""
    y = np.zeros((300 * RATE_HZ, 2), np.float32)
    y[: round(sound_s * RATE_HZ)] = make_tone(sound_s, rate_hz=RATE_HZ)
    location = write_audio(folder / "quiet.flac", y, rate_hz=RATE_HZ)
    file = LibraryPath("music", b"quiet.flac")
    return len(analyse_track(file, location, [MfccConfig()], lambda audio_id: frozenset()).vectors)


def test_sound_that_lies_between_the_excerpts_is_heard_before_a_track_is_called_silent(tmp_path: Path) -> None:
    config = MfccConfig()
    assert config.excerpts_of(300.0)[0].start_s > 4.0
    assert analyse_quiet(tmp_path, sound_s=4.0) == 1


def test_silent_track_is_refused_by_how_much_was_listened_to(tmp_path: Path) -> None:
    with pytest.raises(SilentAudioError, match="in the 120 s that were listened to"):
        analyse_quiet(tmp_path, sound_s=0.0)
