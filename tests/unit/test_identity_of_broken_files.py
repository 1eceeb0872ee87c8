"""Whatever was done to a file, it is told from others in the same way each time, and has a length that may be."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest

from earwise.library import piece
from earwise.library.identity import identify_recording
from tests.mutations import mutated_files, write_originals

COUNT, SEED = 400, 11


@pytest.mark.parametrize("block_bytes", [1 << 8, 1 << 16])
def test_broken_files_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    """With small blocks the short ways are taken for tracks of a minute, which are smaller than those of music."""
    monkeypatch.setattr(piece, "_BLOCK_BYTES", block_bytes)
    for name, content in mutated_files(write_originals(tmp_path), COUNT, SEED):
        (tmp_path / name).write_bytes(content)
        identity = identify_recording(os.fsencode(tmp_path / name))
        assert identity == identify_recording(os.fsencode(tmp_path / name)), name
        assert re.fullmatch("[0-9a-f]{32}", identity.audio_id), name
        # Tables that were overwritten may tell days: what is decoded says how long a track is.
        assert identity.duration_s is None or 0 <= identity.duration_s < math.inf, name
