"""Digests of MP3s, and their exact length: frame follows frame from the first to the tags at the end."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from io import FileIO

import av.container

from earwise.library.packets import SHORTEST_SAMPLED_S, Identity, end_digest
from earwise.library.piece import digest_piece, end_of_audio, first_position, is_large

# MPEG audio, layer III (ISO 11172-3, 13818-3): kbit/s by the four bits of the header, and samples of a frame.
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_LONGEST_FRAME = 2881

_READ_BYTES = 1 << 20
_PLACES = 32
# Of the frame of facts before the first one of audio: that it tells how many frames follow, and how many bytes.
_TELLS_BOTH = 3


@dataclass(frozen=True, slots=True)
class _FrameKind:
    """Frames of one version and sampling rate.

    Attributes
    ----------
    lengths : dict of bytes to int
        Bytes of a frame by the first three bytes of its header.
    samples, rate_hz : int
        Of each frame.
    """

    lengths: dict[bytes, int]
    samples: int
    rate_hz: int

    @classmethod
    def of(cls, head: bytes) -> _FrameKind | None:
        """What a header is one of; None if it is none of layer III."""
        if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or (head[2] >> 2) & 3 == 3:
            return None
        version, rate_bits = (head[1] >> 3) & 3, (head[2] >> 2) & 3
        if version not in _RATES_HZ:
            return None
        kbps, samples = (_KBPS_1, 1152) if version == 3 else (_KBPS_2, 576)
        rate_hz = _RATES_HZ[version][rate_bits]
        lengths = {
            bytes((0xFF, head[1] & 0xFE | is_unprotected, third)): (
                samples // 8 * 1000 * kbps[third >> 4] // rate_hz + ((third >> 1) & 1)
            )
            for is_unprotected in (0, 1)
            for third in range(256)
            if (third >> 2) & 3 == rate_bits and kbps[third >> 4]
        }
        return cls(lengths, samples, rate_hz)


def read_mp3(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of the frames of an MP3: of all below a minute or 2 MiB, else of 32 blocks and their length in bytes.

    Returns
    -------
    Identity or None
        None where anything but frames is found between the first frame and the tags at the end.
    """
    first = first_position(container)
    if first is None:
        return None
    end = end_of_audio(file)
    head = _read_at(file, first, 3)
    kind = _FrameKind.of(head)
    if kind is None:
        return None
    frames = None
    if is_large(first, end):
        frames = _count_by_rate(file, kind, head, first, end) or _count_as_told(file, kind, first, end)
    if frames is None:
        frames = _count_one_by_one(file, kind, first, end)
    if frames is None:
        return None
    stream = container.streams.audio[0]
    # The encoder's delay, which FFmpeg takes off too.
    delay_s = float((stream.start_time or 0) * (stream.time_base or 0))
    duration_s = frames * kind.samples / kind.rate_hz - delay_s
    digest = digest_piece(stream, file, first, end, is_long=duration_s >= SHORTEST_SAMPLED_S)
    return end_digest(digest, duration_s)


def _count_as_told(file: FileIO, kind: _FrameKind, first: int, end: int) -> int | None:
    """Frames as the encoder's frame of facts (Xing, Info) tells; None where there is none or the bytes it tells differ.

    The bytes are counted with that frame or without it.
    """
    before = _read_at(file, max(first - _LONGEST_FRAME, 0), min(first, _LONGEST_FRAME))
    for mark in (b"Xing", b"Info"):
        at = before.rfind(mark)
        if at < 0 or at + 16 > len(before):
            continue
        told, frames, size_bytes = struct.unpack_from(">III", before, at + 4)
        if told & _TELLS_BOTH != _TELLS_BOTH or not frames:
            continue
        begin = len(before) - (first - (end - size_bytes))
        with_it = 0 <= begin < at and kind.lengths.get(before[begin : begin + 3]) == len(before) - begin
        is_likely = min(kind.lengths.values()) <= (end - first) / frames <= max(kind.lengths.values())
        if is_likely and (with_it or size_bytes == end - first):
            return int(frames)
    return None


def _count_by_rate(file: FileIO, kind: _FrameKind, head: bytes, first: int, end: int) -> int | None:
    """Frames of an MP3 of constant rate; None where one is not where such a rate puts it.

    It is looked for at places spread over the whole, the last frame among them.
    """
    kbps = (_KBPS_1 if kind.samples == 1152 else _KBPS_2)[head[2] >> 4]
    mean_bytes = Fraction(kind.samples // 8 * 1000 * kbps, kind.rate_hz)
    if not mean_bytes:
        return None
    heads = {header for header in kind.lengths if header[2] >> 4 == head[2] >> 4}
    # A frame of which three bytes are there is one that was cut off.
    frames = -(-(end - first - 2) // mean_bytes)
    for place in range(_PLACES):
        # One byte before and behind: rates that are no whole number of bytes are met by padding here and there.
        around = _read_at(file, first - 1 + round((frames - 1) * place // (_PLACES - 1) * mean_bytes), 5)
        if not any(around[shift : shift + 3] in heads for shift in range(3)):
            return None
    return int(frames)


def _count_one_by_one(file: FileIO, kind: _FrameKind, first: int, end: int) -> int | None:
    frames, waiting, position = 0, b"", 0
    file.seek(first)
    while block := file.read(max(0, min(_READ_BYTES, end - file.tell()))):
        waiting, position = waiting[position:] + block, max(position - len(waiting), 0)
        while length := kind.lengths.get(waiting[position : position + 3]):
            position += length
            frames += 1
        if position <= len(waiting) - 3:
            return None
    return frames


def _read_at(file: FileIO, position: int, count: int) -> bytes:
    file.seek(max(position, 0))
    return file.read(count)
