"""Real music for tests: small packages of the demo library, and its first seconds in every other format."""

from __future__ import annotations

import os
from pathlib import Path

import soundfile

from earwise.embedded.debian import Apt, unpack
from earwise.embedded.demo_sources import SOURCES
from tests.audio import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, write_audio

_PACKAGES = ("noiz2sa-data", "mu-cade-data", "asc-music")
_MOST_BYTES = 1 << 20
_ENCODED_S = 6


def fetch_music(folder: Path) -> list[Path]:
    """Tracks as they were published, none longer than a megabyte, and encodings of one; none where apt has none."""
    if not Apt.is_present():
        return []
    apt = Apt(folder / "downloads", dict(os.environ))
    if not (offers := apt.offers(_PACKAGES)) and apt.refresh():
        offers = apt.offers(_PACKAGES)
    tracks = []
    for source in SOURCES:
        offer = next((offers[name] for name in source.packages if name in offers), None)
        package = apt.download(offer, lambda size: None) if offer else None
        if package is not None and unpack(package, folder / source.name):
            tracks += sorted(path for path in (folder / source.name).rglob("*") if source.is_track(path))
    published = [_cut(track, folder / f"{number:03d}{track.suffix}") for number, track in enumerate(tracks)]
    return published + (_encode(tracks[0], folder) if tracks else [])


def _cut(track: Path, target: Path) -> Path:
    target.write_bytes(track.read_bytes()[:_MOST_BYTES])
    return target


def _encode(track: Path, folder: Path) -> list[Path]:
    y, rate_hz = soundfile.read(track, frames=44_100 * _ENCODED_S, dtype="float32", always_2d=True)
    suffixes = (*LIBSNDFILE_SUFFIXES, *FFMPEG_SUFFIXES)
    return [Path(os.fsdecode(write_audio(folder / f"encoded{suffix}", y, rate_hz=rate_hz))) for suffix in suffixes]
