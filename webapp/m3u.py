"""Playlists as files that other players read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from earwise.paths import LibraryPath
from earwise.store.playlists import Playlist
from earwise.store.tracks import Track
from webapp.filters import clip

# A line ends at each of these for one reader or another.
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def playlist_as_m3u(playlist: Playlist, tracks: Mapping[str, Track], *, names_roots: bool = False) -> str:
    """The playlist as extended M3U in UTF-8, with paths below the root, after its name where there are several.

    Tracks without a file are left out.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{clip(playlist.name)}"]
    for track in (tracks[track_id] for track_id in playlist.tracks if track_id in tracks):
        if not track.files:
            continue
        name = " - ".join(filter(None, (clip(track.tags.artist), clip(track.tags.title))))
        lines += [f"#EXTINF:{round(track.duration_s)},{name}", _line_of(track.files[0].location, names_roots)]
    return "\n".join(lines) + "\n"


def _line_of(location: LibraryPath, names_root: bool) -> str:
    path = _BREAKS.sub("", f"{location.root}/{location.display}" if names_root else location.display)
    # What begins so is a comment, or may be taken for one.
    return f"./{path}" if path.startswith(("#", " ")) else path
