"""Which recording a file holds: a digest of its audio, which tags and paths do not touch.

Taking every packet out of a full-length track costs 30 to 80 ms, as much as listening to it. So the audio of MP3, FLAC,
WMA, WAV and AIFF, which lies in one piece, is read as bytes; of long Ogg and MP4 files some packets are sought; and
only what is left is taken apart in whole. ADR 5 says what each way sees.
"""

from __future__ import annotations

import hashlib
import os
from io import FileIO

from earwise.containers import FFMPEG_ERRORS, open_container
from earwise.errors import ChangingFileError
from earwise.library.contiguous import read_asf, read_blocks
from earwise.library.mpeg import read_mp3
from earwise.library.packets import Identity, end_digest, is_long, read_all_packets, read_sampled_packets
from earwise.paths import open_regular

# FFmpeg's names of containers in which seeking was found to be exact. In ASF it is not: what it finds depends on tags.
_SOUGHT = frozenset(("ogg", "mov,mp4,m4a,3gp,3g2,mj2"))
# Those in which the packets follow each other without anything between.
_CONTIGUOUS = frozenset(("flac", "wav", "aiff"))


def identify_recording(location: bytes) -> Identity:
    """Tell the recording in a file from all others, without decoding it.

    The digest is over codec, sampling rate, channels and the audio packets, so that it survives renaming, moving and
    re-tagging. Where FFmpeg can't take the file apart, it is over all its bytes.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    ChangingFileError
        If it grew or shrank meanwhile.
    """
    return identify_sized(location)[0]


def identify_sized(location: bytes) -> tuple[Identity, int]:
    """Tell the recording in a file from all others, and the bytes that the file has with it."""
    with open_regular(location) as file:
        size_bytes = file.seek(0, os.SEEK_END)
        identity = identify_opened(file)
        if file.seek(0, os.SEEK_END) != size_bytes:
            raise ChangingFileError("The file was being written while it was read.")
        return identity, size_bytes


def identify_opened(file: FileIO) -> Identity:
    """Tell the recording in a file that was opened for reading from all others."""
    try:
        found = _read_fast(file) or _read_wholly(file)
    except MemoryError:
        raise  # also FFmpeg's own: the digest of all bytes would be another one
    except FFMPEG_ERRORS:
        found = None
    return found or _read_bytes(file)


def _read_fast(file: FileIO) -> Identity | None:
    """The shortest way for this kind of file; None where that is not sure of itself."""
    file.seek(0)
    with open_container(file) as container:
        kind = container.format.name
        if kind == "mp3":
            return read_mp3(container, file)
        if kind in _CONTIGUOUS:
            return read_blocks(container, file)
        if kind == "asf":
            return read_asf(container, file)
        if kind in _SOUGHT and is_long(container):
            return read_sampled_packets(container)
        return read_all_packets(container)


def _read_wholly(file: FileIO) -> Identity | None:
    file.seek(0)
    with open_container(file) as container:
        return read_all_packets(container)


def _read_bytes(file: FileIO) -> Identity:
    file.seek(0)
    return end_digest(hashlib.file_digest(file, lambda: hashlib.sha256(b"whole file")), None)
