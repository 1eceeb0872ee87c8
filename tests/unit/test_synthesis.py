"""The synthesised library: the same from the same seed, styles that differ, all four formats with tags."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from earwise.embedded.instruments import SAMPLE_RATE, STYLES
from earwise.embedded.synthesis import plan_pieces, write_piece


def test_library_is_large_enough_and_varied() -> None:
    pieces = plan_pieces(Path("/library"), tracks_per_artist=4, seed=1)
    assert len(pieces) >= 120
    assert len(STYLES) >= 8
    assert len({piece.path for piece in pieces}) == len(pieces)
    assert set(Counter(piece.path.suffix for piece in pieces)) == {".mp3", ".flac", ".ogg", ".wav"}
    for style in STYLES:
        assert len({piece.artist for piece in pieces if piece.style == style}) >= 3
        assert len({piece.path.suffix for piece in pieces if piece.style == style}) == 4


@pytest.mark.parametrize("style", STYLES)
def test_piece_is_short_audible_finite_and_determined_by_its_seed(style: str) -> None:
    y = STYLES[style](np.random.default_rng(7))
    assert y.dtype == np.float32
    assert 8 <= y.size / SAMPLE_RATE <= 12
    assert np.isfinite(y).all()
    assert np.abs(y).max() == pytest.approx(0.8, abs=1e-3)
    assert np.array_equal(y, STYLES[style](np.random.default_rng(7)))
    assert not np.array_equal(y[:SAMPLE_RATE], STYLES[style](np.random.default_rng(8))[:SAMPLE_RATE])


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".wav"])
def test_written_piece_can_be_heard_and_says_what_it_is(tmp_path: Path, suffix: str) -> None:
    piece = next(piece for piece in plan_pieces(tmp_path, tracks_per_artist=4, seed=1) if piece.path.suffix == suffix)
    piece.path.parent.mkdir(parents=True)
    write_piece(piece)
    assert soundfile.info(piece.path).duration == pytest.approx(10, abs=2.5)
    tags = mutagen.File(piece.path).tags
    texts = {str(value[0] if isinstance(value, list) else value) for value in tags.values()}
    assert {piece.title, piece.artist, piece.style, f"{piece.style} studies"} <= texts
    assert [path.name for path in piece.path.parent.iterdir()] == [piece.path.name]


def test_same_seed_gives_the_same_samples_in_a_file(tmp_path: Path) -> None:
    first, second = (plan_pieces(tmp_path / name, tracks_per_artist=1, seed=5)[0] for name in "ab")
    for piece in (first, second):
        piece.path.parent.mkdir(parents=True)
        write_piece(piece)
    assert np.array_equal(soundfile.read(first.path)[0], soundfile.read(second.path)[0])
