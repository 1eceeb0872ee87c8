"""Broken files end as tracks or in quarantine, each for a reason, whatever was done to them."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from earwise.store.tracks import Track
from tests.extraction.conftest import Extraction
from tests.music import fetch_music
from tests.mutations import mutated_files, write_originals

log = logging.getLogger(__name__)

# Codes that say what is wrong with the file. Others would blame it for a fault of ours.
EXPECTED_CODES = {"not_audio", "truncated", "too_short", "silent", "non_finite", "unsupported", "empty"}
FILES_PER_FOLDER = 100


def fill(library: Path, originals: Sequence[Path], count: int, seed: int) -> set[str]:
    """Write broken files below the library; their paths."""
    paths = set()
    for number, (name, content) in enumerate(mutated_files(originals, count, seed)):
        folder = library / f"{number // FILES_PER_FOLDER:02d}"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        paths.add(f"{folder.name}/{name}")
    return paths


def all_tracks(extraction: Extraction) -> list[Track]:
    ids = list(extraction.store.tracks.ready_ids())
    return list(extraction.store.tracks.get_many(ids).values())


@pytest.mark.parametrize(
    ("count", "seed", "kind"),
    [
        pytest.param(66, 20_260_131, "tones", id="some"),
        pytest.param(2200, 7, "tones", id="many", marks=pytest.mark.slow),
        pytest.param(2200, 8, "music", id="many-of-music", marks=pytest.mark.slow),
    ],
)
def test_every_broken_file_ends_as_a_track_or_in_quarantine(
    extraction: Extraction, library: Path, tmp_path: Path, count: int, seed: int, kind: str
) -> None:
    folder = tmp_path / "originals"
    folder.mkdir()
    originals = fetch_music(folder) if kind == "music" else write_originals(folder)
    if not originals:
        pytest.skip("no package of music can be had here")
    paths = fill(library, originals, count, seed)
    extraction.settings = dataclasses.replace(
        extraction.settings, extract_processes=os.cpu_count() or 1, decode_timeout_s=30.0
    )
    extraction.run()
    report = extraction.report()
    tracks = all_tracks(extraction)
    analysed = {file.location.display for track in tracks for file in track.files}
    quarantined = {file.location.display: file for file in extraction.store.quarantine.recent(limit=count)}
    log.info("%d tracks, %s", len(tracks), extraction.store.quarantine.count_by_code())
    assert analysed | quarantined.keys() == paths
    assert not analysed & quarantined.keys()
    assert (report.left, report.analysed) == (0, len(analysed))
    assert len(analysed) > count / 5
    assert len(quarantined) > count / 5
    odd = {path: (file.code, file.message) for path, file in quarantined.items() if file.code not in EXPECTED_CODES}
    assert odd == {}
    assert all(file.message.endswith(".") for file in quarantined.values())
    for track in tracks:
        features = extraction.store.features.get(track.track_id, extraction.config.feature_version)
        assert features is not None
        assert np.isfinite(features.vector).all()
        # Nothing that was written lasts longer than a minute, and no part of it was repeated more than once.
        assert 0 < track.duration_s < 600, (track.duration_s, track.files)
        assert math.isfinite(track.duration_s)
    assert extraction.run() == []
