"""Synthesises a library: short tracks in clearly different styles, the same ones from the same seed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import soundfile
from mutagen.id3 import ID3, TALB, TCON, TIT2, TPE1, TRCK

from earwise.embedded.instruments import SAMPLE_RATE, STYLES

LICENCE = "CC0-1.0"
SEED = 20_260_131
_FORMATS = ("mp3", "flac", "ogg", "wav")
_ARTISTS = ("Ada", "Bela", "Cora")
_TRACKS_PER_ARTIST = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """One track to synthesise."""

    style: str
    artist: str
    number: int
    title: str
    path: Path
    seed: int


def synthesise_library(
    folder: Path, show: Callable[[int, int], None], *, tracks_per_artist: int = _TRACKS_PER_ARTIST, seed: int = SEED
) -> dict[str, int]:
    """Write the library into a folder: style by style, three artists each, in MP3, FLAC, Ogg Vorbis and WAV.

    Parameters
    ----------
    show : callable
        Called with tracks done and tracks in all.

    Returns
    -------
    dict of str to int
        Tracks of each style.
    """
    pieces = plan_pieces(folder, tracks_per_artist=tracks_per_artist, seed=seed)
    for piece in pieces:
        piece.path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(write_piece, pieces, chunksize=4), start=1):
            show(done, len(pieces))
    return {style: sum(piece.style == style for piece in pieces) for style in STYLES}


def plan_pieces(folder: Path, *, tracks_per_artist: int, seed: int) -> list[Piece]:
    """Every track of the library, in order."""
    pieces: list[Piece] = []
    for style in STYLES:
        for person in _ARTISTS:
            artist = f"{person} {style}"
            for number in range(1, tracks_per_artist + 1):
                title = f"{style} {len(pieces) + 1}"
                suffix = _FORMATS[len(pieces) % len(_FORMATS)]
                path = folder / style / artist / f"{number:02d} {title}.{suffix}"
                pieces.append(Piece(style, artist, number, title, path, seed + len(pieces)))
    return pieces


def write_piece(piece: Piece) -> None:
    """Synthesise and write one track with its tags; a half-written file never has the track's name."""
    y = STYLES[piece.style](np.random.default_rng(piece.seed))
    temporary = piece.path.with_name(f".{piece.path.name}")
    soundfile.write(temporary, y, SAMPLE_RATE, format=piece.path.suffix.removeprefix(".").upper())
    _write_tags(temporary, piece)
    temporary.replace(piece.path)


def _write_tags(path: Path, piece: Piece) -> None:
    file: Any = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, (frame, text) in _describe(piece).items():
        if isinstance(file.tags, ID3):
            file.tags.add(frame(text=text))  # type: ignore[no-untyped-call]
        else:
            file[name] = text
    file.save()


def _describe(piece: Piece) -> dict[str, tuple[Any, str]]:
    """Tags by their Vorbis name, each with its ID3 frame."""
    return {
        "title": (TIT2, piece.title),
        "artist": (TPE1, piece.artist),
        "album": (TALB, f"{piece.style} studies"),
        "genre": (TCON, piece.style),
        "tracknumber": (TRCK, str(piece.number)),
    }
