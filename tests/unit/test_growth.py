"""A file that has grown: the beginning is looked at only where that is cheap, and costs no analysis."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earwise.errors import UnreadableFileError
from earwise.extraction import worker
from earwise.extraction.messages import Analysis, Former, Job
from earwise.features.config import MfccConfig
from earwise.library import growth
from earwise.library.growth import has_grown
from earwise.library.identity import identify_recording
from earwise.paths import LibraryPath
from earwise.root import Root
from tests.audio import write_tone


@pytest.fixture
def grown(tmp_path: Path) -> tuple[bytes, Former]:
    """A whole MP3, and what it was when half of it had been copied."""
    whole, half = tmp_path / "whole.mp3", tmp_path / "half.mp3"
    write_tone(whole, 1, duration_s=8.0)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return os.fsencode(whole), Former(identify_recording(os.fsencode(half)).audio_id, half.stat().st_size)


def test_beginning_is_looked_for_up_to_a_size(grown: tuple[bytes, Former], monkeypatch: pytest.MonkeyPatch) -> None:
    location, former = grown
    assert has_grown(location, former.track_id, former.size_bytes)
    monkeypatch.setattr(growth, "_MOST_BYTES", former.size_bytes - 1)
    assert not has_grown(location, former.track_id, former.size_bytes)


@pytest.mark.parametrize("error", [UnreadableFileError("It is gone."), OSError("No room."), MemoryError()])
def test_looking_for_it_costs_no_analysis(
    grown: tuple[bytes, Former], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> bool:
        raise error

    location, former = grown
    monkeypatch.setattr(worker, "has_grown", fail)
    folder, name = os.path.split(location)
    job = Job(LibraryPath("music", name), (Root("music", Path(os.fsdecode(folder))),), (MfccConfig(),), former)
    outcome = worker._analyse(job, _Parent())
    assert isinstance(outcome, Analysis)
    assert not outcome.has_grown


class _Parent:
    """Answers that no recording is known."""

    def send(self, question: object) -> None:
        """Take the question."""

    def recv(self) -> frozenset[str]:
        """Answer it."""
        return frozenset()
