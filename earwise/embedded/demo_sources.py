"""The demo library's sources: music of free games as Debian and Ubuntu package it.

The licences are those that each package's ``copyright`` file states for the music, read by hand; the file itself is
laid beside the tracks.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import PurePosixPath

MUSIC_SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".flac", ".wav"})


@dataclass(frozen=True, slots=True)
class DemoSource:
    """One package of music.

    Attributes
    ----------
    artist, name : str
        Folders of its tracks in the demo library: they stand in where a track has no tags.
    packages : tuple of str
        Names under which releases know it, the preferred one first.
    music : str
        Pattern of the paths that are music: a package may hold sound effects too.
    left_out : tuple of str
        File names that match the pattern and are no tracks.
    licence : str
        Short name of the music's licence.
    """

    artist: str
    name: str
    packages: tuple[str, ...]
    music: str
    licence: str
    left_out: tuple[str, ...] = ()

    def is_track(self, path: PurePosixPath) -> bool:
        """Whether a file of the unpacked package belongs into the demo library."""
        return (
            fnmatch.fnmatchcase(str(path), self.music)
            and path.suffix.lower() in MUSIC_SUFFIXES
            and path.name not in self.left_out
        )

    def track_name(self, path: PurePosixPath) -> str:
        """File name in the demo library: a file that is only called "song" takes its folder's name."""
        return f"{path.parent.name}{path.suffix}" if path.stem == "song" else path.name


_KENTA_CHO = "Kenta Cho"
_BSD = "BSD-2-Clause"

SOURCES = (
    DemoSource(
        "Wesnoth Project",
        "The Battle for Wesnoth",
        ("wesnoth-1.16-music", "wesnoth-1.18-music", "wesnoth-1.14-music"),
        "*/core/music/*",
        "GPL-2.0-or-later",
        left_out=("silence.ogg",),
    ),
    DemoSource("Max McCracken", "Endgame Singularity", ("singularity-music",), "*/music/*", "CC-BY-SA-3.0"),
    DemoSource(
        "Sectoid",
        "Frets on Fire",
        ("fretsonfire-songs-sectoid",),
        "*/songs/sectoid/*/song.ogg",
        "MIT",
    ),
    DemoSource("Michael Kievernagel", "Advanced Strategic Command", ("asc-music",), "*/music/*", "GPL-2.0-or-later"),
    DemoSource("Globulation 2", "Globulation 2", ("glob2-data",), "*/data/zik/*", "GPL-3.0-or-later"),
    DemoSource(_KENTA_CHO, "Noiz2sa", ("noiz2sa-data",), "*/sounds/stg*", _BSD),
    DemoSource(_KENTA_CHO, "Torus Trooper", ("torus-trooper-data",), "*/musics/*", _BSD),
    DemoSource(_KENTA_CHO, "Mu-cade", ("mu-cade-data",), "*/musics/*", _BSD),
    DemoSource(_KENTA_CHO, "Gunroar", ("gunroar-data",), "*/musics/*", _BSD),
    DemoSource(_KENTA_CHO, "Titanion", ("titanion-data",), "*/musics/*", _BSD),
    # These keep their sound effects as WAV in the same folder.
    DemoSource(_KENTA_CHO, "Tumiki Fighters", ("tumiki-fighters-data",), "*/sounds/*.ogg", _BSD),
    DemoSource(_KENTA_CHO, "PARSEC47", ("parsec47-data",), "*/sounds/*.ogg", _BSD),
    DemoSource(_KENTA_CHO, "rRootage", ("rrootage-data",), "*/sounds/*.ogg", _BSD),
    DemoSource(_KENTA_CHO, "A7Xpg", ("a7xpg-data",), "*/sounds/*.ogg", _BSD),
)
