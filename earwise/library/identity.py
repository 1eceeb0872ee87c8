"""Which recording a file holds: a digest of its audio, which tags and paths do not touch.

Taking every packet out of a full-length track costs 30 to 80 ms, as much as listening to it. So the audio of MP3,
FLAC, WAV and AIFF, which lies in one piece, is read as bytes; of long Ogg and MP4 files some packets are sought; and
only what is left is taken apart in whole. ADR 5 says what each way sees.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import FileIO

from earwise.containers import FFMPEG_ERRORS, open_container
from earwise.library.contiguous import read_blocks, read_mp3
from earwise.library.packets import AudioDigest, is_long, read_all_packets, read_sampled_packets
from earwise.paths import open_regular

_READ_BYTES = 1 << 20
# FFmpeg's names of containers in which seeking was found to be exact. In ASF it is not: what it finds depends on tags.
_SOUGHT = frozenset(("ogg", "mov,mp4,m4a,3gp,3g2,mj2"))
# Those in which the packets follow each other without anything between.
_CONTIGUOUS = frozenset(("flac", "wav", "aiff"))


@dataclass(frozen=True, slots=True)
class Identity:
    """A recording as it lies in a file.

    Attributes
    ----------
    audio_id : str
        128-bit digest, 32 hexadecimal digits.
    duration_s : float or None
        Length of the audio that is really there; None where the packets could not be read.
    """

    audio_id: str
    duration_s: float | None


def identify_recording(location: bytes) -> Identity:
    """Tell the recording in a file from all others, without decoding it.

    The digest is over codec, sampling rate, channels and the audio packets, so that it survives renaming, moving and
    re-tagging. Where FFmpeg can't take the file apart, it is over all its bytes.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    """
    with open_regular(location) as file:
        try:
            found = _read_fast(file) or _read_wholly(file)
        except MemoryError:
            raise  # also FFmpeg's own: the digest of all bytes would be another one
        except FFMPEG_ERRORS:
            found = None
        if found is None:
            return Identity(_digest_file(file), None)
        return Identity(found.digest, found.duration_s)


def _read_fast(file: FileIO) -> AudioDigest | None:
    """The shortest way for this kind of file; None where that is not sure of itself."""
    file.seek(0)
    with open_container(file) as container:
        kind = container.format.name
        if kind == "mp3":
            return read_mp3(container, file)
        if kind in _CONTIGUOUS:
            return read_blocks(container, file)
        if kind in _SOUGHT and is_long(container):
            return read_sampled_packets(container)
        return read_all_packets(container)


def _read_wholly(file: FileIO) -> AudioDigest | None:
    file.seek(0)
    with open_container(file) as container:
        return read_all_packets(container)


def _digest_file(file: FileIO) -> str:
    file.seek(0)
    digest = hashlib.sha256(b"whole file")
    while block := file.read(_READ_BYTES):
        digest.update(block)
    return digest.hexdigest()[:32]
