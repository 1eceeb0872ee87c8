"""Digests of FLAC, PCM and WMA files, whose audio lies in one piece between what stands before and behind it."""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from typing import Any

import av.container

from earwise.containers import FFMPEG_ERRORS
from earwise.library.packets import END_S, SHORTEST_SAMPLED_S, Identity, end_digest
from earwise.library.piece import digest_piece, end_of_audio, first_position

# The ASF object that holds all packets: what it begins with, and where its length and its first packet stand in it.
_ASF_PACKETS, _ASF_LENGTH_AT, _ASF_FIRST_AT = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c"), 16, 50


def read_blocks(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of the audio of a FLAC or PCM file: of all of it below a minute, else of 32 blocks and its length.

    Returns
    -------
    Identity or None
        None where the audio is of another kind, or its end is not where the header says.
    """
    first = first_position(container)
    if first is None:
        return None
    stream = container.streams.audio[0]
    if not stream.duration or not stream.time_base:
        return None
    end = end_of_audio(file)
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
    return end_digest(digest_piece(stream, file, first, end, is_long=duration_s >= SHORTEST_SAMPLED_S), duration_s)


def read_asf(container: av.container.InputContainer, file: FileIO) -> Identity | None:
    """Digest of the packets of an ASF file as they are wrapped: of 2 MiB and less wholly, else of 32 blocks and length.

    Returns
    -------
    Identity or None
        None where the first packet is not that of the file, or the file ends before its last.
    """
    first = first_position(container)
    end = _end_of_asf_packets(file, first) if first is not None else None
    if first is None or end is None:
        return None
    stream = container.streams.audio[0]
    # Not by its length, which can't be told surely.
    digest = digest_piece(stream, file, first, end, is_long=True)
    last = 0
    with suppress(*FFMPEG_ERRORS):  # the recording is known all the same
        # Found by looking: what FFmpeg says of the length grows with the tags.
        last = _last_end(container, stream, (stream.duration or 0) - round(END_S / stream.time_base))
    return end_digest(digest, float(last * stream.time_base) or None)


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
