"""FFmpeg's view of a file, opened so that the file can make it open nothing else."""

from __future__ import annotations

from io import FileIO

import av
import av.container
import av.error

# What FFmpeg raises on files it can't take apart; the latter two come from metadata and empty streams.
FFMPEG_ERRORS = (av.error.FFmpegError, ValueError, IndexError)

# Containers of music alone. Playlists (HLS, concat) name further files and addresses, and are none of them.
_FORMATS = "aac,aiff,ape,asf,caf,flac,matroska,mov,mp3,mpc,mpc8,ogg,tak,tta,w64,wav,wv"


def open_container(file: FileIO) -> av.container.InputContainer:
    """Open an audio file that was opened for reading; a context manager."""
    # A WAV is probed for other codecs inside, again and again over all that was read: 45 ms, and 10 with this bound.
    options = {"format_whitelist": _FORMATS, "max_probe_packets": "8"}
    return av.open(file, "r", options=options, buffer_size=1 << 17)
