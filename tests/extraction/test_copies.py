"""Copies of a recording that come together are listened to once."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from earwise.extraction import link
from tests.audio import write_tone
from tests.extraction.conftest import Extraction
from tests.extraction.test_worker_faults import FAULTY_WORKER


@pytest.mark.parametrize("processes", [1, 3])
def test_copies_in_one_batch_are_decoded_once(extraction: Extraction, library: Path, processes: int) -> None:
    extraction.settings = dataclasses.replace(extraction.settings, extract_processes=processes)
    for number in range(3):
        write_tone(library / f"{number}a.wav", number, duration_s=1.2)
        for copy in "bc":
            shutil.copy(library / f"{number}a.wav", library / f"{number}{copy}.wav")
    (report,) = extraction.run()
    assert (report.analysed, report.decoded) == (9, 3)
    tracks = [extraction.store.tracks.get(track_id) for track_id in extraction.store.tracks.ready_ids()]
    assert [len(track.files) for track in tracks] == [3, 3, 3]
    assert all(extraction.store.features.has(track.track_id, extraction.config.feature_version) for track in tracks)


def test_copy_of_a_file_that_failed_is_listened_to_itself(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    extraction.settings = dataclasses.replace(extraction.settings, extract_processes=2)
    write_tone(library / "late segv.wav", 1)
    for name in ("b.wav", "c.wav"):
        shutil.copy(library / "late segv.wav", library / name)
    (report,) = extraction.run()
    assert (report.analysed, report.decoded) == (2, 1)
    assert extraction.codes() == {"late segv.wav": "decoder_crash"}
