"""FFmpeg's view of a file, opened so that the file can make it open nothing else."""

from __future__ import annotations

import errno
import os
from io import FileIO

import av
import av.container
import av.error

# What FFmpeg raises on files it can't take apart; the latter two come from metadata and empty streams.
FFMPEG_ERRORS = (av.error.FFmpegError, ValueError, IndexError)

# Containers of music alone. Playlists (HLS, concat) name further files and addresses, and are none of them.
_FORMATS = "aac,aiff,ape,asf,caf,flac,matroska,mov,mp3,mpc,mpc8,ogg,tak,tta,w64,wav,wv"


def open_container(file: FileIO) -> av.container.InputContainer:
    """Open an audio file that was opened for reading; a context manager.

    Raises
    ------
    av.error.FFmpegError
        If FFmpeg can't take it apart, or knows no decoder for its first audio stream.
    """
    # A WAV is probed for other codecs inside, again and again over all that was read: 24 ms, and 1 with this bound.
    # And no protocol at all: the file itself comes through Python.
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "", "max_probe_packets": "1"}
    lenient = _LenientFile(file.fileno(), closefd=False)
    container = av.open(lenient, "r", options=options, buffer_size=1 << 17)
    # PyAV has no codec context for a codec that FFmpeg does not know, against its own types.
    if any(not stream.codec_context for stream in container.streams.audio[:1]):
        container.close()
        raise av.error.DecoderNotFoundError(errno.ENOSYS, "Decoder not found")
    return container


class _LenientFile(FileIO):
    """A file that answers a seek to nowhere as the operating system does, by a number and not by an exception.

    A broken header makes FFmpeg ask for such places, and it goes on without them.
    """

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(position, whence)
        except OSError as error:
            return -(error.errno or errno.EINVAL)
