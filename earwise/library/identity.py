"""Which recording a file holds: a digest of its audio packets, which tags and paths do not touch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import FileIO

from earwise.containers import FFMPEG_ERRORS, open_container
from earwise.paths import open_regular

_DIGEST_BYTES = 16
_READ_BYTES = 1 << 20


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

    The digest is over codec, sampling rate, channels and every audio packet, so that it survives renaming, moving
    and re-tagging. Where FFmpeg can't take the file apart, it is over all its bytes.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    """
    with open_regular(location) as file:
        try:
            identity = _identify_packets(file)
        except MemoryError:
            raise  # also FFmpeg's own: the digest of all bytes would be another one
        except FFMPEG_ERRORS:
            identity = None
        if identity is None:
            file.seek(0)
            identity = Identity(_digest_bytes(file), None)
        return identity


def _identify_packets(file: FileIO) -> Identity | None:
    with open_container(file) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        codec = stream.codec_context
        parameters = f"{codec.name} {codec.sample_rate} {codec.channels}"
        digest = hashlib.blake2b(parameters.encode(), digest_size=_DIGEST_BYTES)
        packets, end = 0, None
        for packet in container.demux(stream):
            if packet.size:
                digest.update(packet)
                packets += 1
                if packet.pts is not None:
                    end = packet.pts + (packet.duration or 0)
        if not packets:
            return None
        length = (end - (stream.start_time or 0)) * stream.time_base if end and stream.time_base else 0
        return Identity(digest.hexdigest(), float(length) if length > 0 else None)


def _digest_bytes(file: FileIO) -> str:
    digest = hashlib.blake2b(b"whole file", digest_size=_DIGEST_BYTES)
    while block := file.read(_READ_BYTES):
        digest.update(block)
    return digest.hexdigest()
