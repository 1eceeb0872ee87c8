"""Digests of audio that lies in one piece between what stands before and behind it: MP3, FLAC, PCM and WMA.

FFmpeg says where the first packet begins. From there on tags do not matter, however large they are, and the bytes are
those of the packets, read without the cost of taking each by hand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from typing import Any

import av.container

from earwise.containers import FFMPEG_ERRORS
from earwise.library.packets import END_S, SHORTEST_SAMPLED_S, Identity, begin_digest, end_digest

_BLOCK_BYTES = 1 << 16
_BLOCKS = 32
_READ_BYTES = 1 << 20

# The ASF object that holds all packets: what it begins with, and where its length and its first packet stand in it.
_ASF_PACKETS, _ASF_LENGTH_AT, _ASF_FIRST_AT = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c"), 16, 50

# MPEG audio, layer III (ISO 11172-3, 13818-3): kbit/s by the four bits of the header, and samples of a frame.
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def read_mp3(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of all frames of an MP3, and its exact length by counting them: equal to that of all its packets.

    Returns
    -------
    Identity or None
        None where anything but frames lies between the first frame and the tags at the end.
    """
    first = _first_position(container)
    if first is None:
        return None
    stream = container.streams.audio[0]
    end = _end_of_audio(file)
    file.seek(first)
    head = file.read(4)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or (head[2] >> 2) & 3 == 3:
        return None
    lengths, samples, rate_hz = _frame_lengths(head)
    digest, frames = begin_digest(stream), 0
    waiting, position = b"", 0
    file.seek(first)
    while block := file.read(max(0, min(_READ_BYTES, end - file.tell()))):
        digest.update(block)
        waiting, position = waiting[position:] + block, max(position - len(waiting), 0)
        while length := lengths.get(waiting[position : position + 3]):
            position += length
            frames += 1
        if position <= len(waiting) - 3:
            return None
    # The encoder's delay, which FFmpeg takes off too.
    delay_s = float((stream.start_time or 0) * (stream.time_base or 0))
    return end_digest(digest, frames * samples / rate_hz - delay_s)


def read_blocks(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of the audio of a FLAC or PCM file: of all of it below a minute, else of 32 blocks and its length.

    Returns
    -------
    Identity or None
        None where the audio is of another kind, or its end is not where the header says.
    """
    first = _first_position(container)
    if first is None:
        return None
    stream = container.streams.audio[0]
    if not stream.duration or not stream.time_base:
        return None
    end = _end_of_audio(file)
    if stream.codec_context.name == "flac":
        if not _goes_on_to_the_end(container, stream):
            return None
        duration_s = float(stream.duration * stream.time_base)
    elif stream.codec_context.name.startswith("pcm_") and (frame_bytes := _frame_bytes(stream)):
        frames = min(round(stream.duration * stream.time_base * stream.sample_rate), (end - first) // frame_bytes)
        end, duration_s = first + frames * frame_bytes, frames / stream.sample_rate
    else:
        return None
    if end <= first:
        return None
    is_whole = duration_s < SHORTEST_SAMPLED_S or end - first <= _BLOCKS * _BLOCK_BYTES
    is_packed = stream.codec_context.name == "flac"
    is_whole = is_whole or (not is_packed and _is_sparse(file, first, end))
    return end_digest((_digest_all if is_whole else _digest_blocks)(stream, file, first, end), duration_s)


def read_asf(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of the packets of an ASF file as they are wrapped: of 2 MiB and less wholly, else of 32 blocks and length.

    Returns
    -------
    Identity or None
        None where the first packet is not that of the file, or the file ends before its last.
    """
    first = _first_position(container)
    end = _end_of_asf_packets(file, first) if first is not None else None
    if first is None or end is None:
        return None
    stream = container.streams.audio[0]
    is_whole = end - first <= _BLOCKS * _BLOCK_BYTES
    digest = (_digest_all if is_whole else _digest_blocks)(stream, file, first, end)
    last = 0
    with suppress(*FFMPEG_ERRORS):  # the recording is known all the same
        # Found by looking: what FFmpeg says of the length grows with the tags.
        last = _last_end(container, stream, (stream.duration or 0) - round(END_S / stream.time_base))
    return end_digest(digest, float(last * stream.time_base) or None)


def _first_position(container: av.container.InputContainer) -> int | None:
    if not container.streams.audio:
        return None
    packet = next(container.demux(container.streams.audio[0]), None)
    return None if packet is None or not packet.size else packet.pos


def _frame_lengths(head: bytes) -> tuple[dict[bytes, int], int, int]:
    """Bytes of a frame by the first three bytes of its header, for frames like this one; its samples; its Hz."""
    version, rate_bits = (head[1] >> 3) & 3, (head[2] >> 2) & 3
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
    return lengths, samples, rate_hz


def _frame_bytes(stream: Any) -> int:
    bits_a_second, rate_hz = stream.codec_context.bit_rate or 0, stream.codec_context.sample_rate
    return 0 if bits_a_second % (8 * rate_hz) else bits_a_second // (8 * rate_hz)


def _goes_on_to_the_end(container: av.container.InputContainer, stream: Any) -> bool:
    """Whether there is audio up to the end that the header claims."""
    claimed, second = (stream.start_time or 0) + stream.duration, round(END_S / stream.time_base)
    return bool(_last_end(container, stream, claimed - second) > claimed - second // 2)


def _last_end(container: av.container.InputContainer, stream: Any, start: int) -> int:
    """Where the last packet from a point in time on ends, in the stream's time; 0 where there is none."""
    container.seek(max(start, 0), stream=stream)
    ends = (packet.pts + (packet.duration or 0) for packet in container.demux(stream) if packet.pts is not None)
    return int(max(ends, default=0))


def _end_of_asf_packets(file: FileIO, first: int) -> int | None:
    file.seek(max(first - _ASF_FIRST_AT, 0))
    head = file.read(_ASF_FIRST_AT)
    length = int.from_bytes(head[_ASF_LENGTH_AT : _ASF_LENGTH_AT + 8], "little")
    end = first - _ASF_FIRST_AT + length
    is_sure = head.startswith(_ASF_PACKETS) and first < end <= file.seek(0, os.SEEK_END)
    return end if is_sure else None


def _digest_all(stream: Any, file: FileIO, first: int, end: int) -> Any:
    digest = begin_digest(stream)
    file.seek(first)
    while block := file.read(max(0, min(_READ_BYTES, end - file.tell()))):
        digest.update(block)
    return digest


def _digest_blocks(stream: Any, file: FileIO, first: int, end: int) -> Any:
    digest = begin_digest(stream, end - first)
    for block in _read_blocks(file, first, end):
        digest.update(block)
    return digest


def _is_sparse(file: FileIO, first: int, end: int) -> bool:
    """Whether most blocks hold one value alone, as the silence in a part of a multitrack session is.

    The parts of a session are equally long, so that those with little in them would be told apart by nothing. What is
    packed differs in length where it differs at all.
    """
    empty = sum(block == block[:1] * len(block) for block in _read_blocks(file, first, end))
    return empty > _BLOCKS // 2


def _read_blocks(file: FileIO, first: int, end: int) -> Iterator[bytes]:
    room = end - first - _BLOCK_BYTES
    for number in range(_BLOCKS):
        file.seek(first + number * room // (_BLOCKS - 1))
        yield file.read(_BLOCK_BYTES)


def _end_of_audio(file: FileIO) -> int:
    """Where the tags begin that some programs write behind the audio (ID3v1, APEv2), else the end of the file."""
    end = file.seek(0, os.SEEK_END)
    while True:
        before = end
        file.seek(max(end - 160, 0))
        tail = file.read(min(160, end))
        if tail[-128:-125] == b"TAG":
            end -= 128
        elif tail[-32:-24] == b"APETAGEX":
            size, flags = (int.from_bytes(tail[place : place + 4], "little") for place in (-20, -12))
            end -= size + (32 if flags >> 31 else 0)
        if end == before or end < 0:
            return max(end, 0)
