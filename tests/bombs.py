"""Files that ask for far more memory than they are worth, and very long ones; made quickly and mostly of holes."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import mutagen.id3
import numpy as np
import soundfile

from tests.audio import make_tone, write_audio


def write_long(path: Path, hours: float) -> bytes:
    """Write a track of many hours: a minute, over and over."""
    if path.suffix == ".flac":
        # Frames of FLAC are numbered, so they can't be repeated.
        tone = make_tone(60.0, rate_hz=16_000)[:, 0]
        with soundfile.SoundFile(path, "w", 16_000, 1, subtype="PCM_16") as sound:
            for _ in range(round(hours * 60)):
                sound.write(tone)
        return os.fsencode(path)
    minute = path.with_name(f"minute{path.suffix}")
    write_audio(minute, make_tone(60.0, rate_hz=48_000), rate_hz=48_000)
    if path.suffix == ".mp3":
        with path.open("wb") as file:
            for _ in range(round(hours * 60)):
                file.write(minute.read_bytes())
    else:
        _repeat_packets(minute, path, round(hours * 60))
    minute.unlink()
    return os.fsencode(path)


def _repeat_packets(minute: Path, path: Path, times: int) -> None:
    with av.open(minute) as source, av.open(path, "w") as target:
        stream = source.streams.audio[0]
        copy = target.add_stream_from_template(stream)
        packets = [(bytes(packet), packet.duration) for packet in source.demux(stream) if packet.size]
        position = 0
        for _ in range(times):
            for content, duration in packets:
                packet = av.Packet(content)
                packet.stream, packet.time_base = copy, stream.time_base
                packet.pts = packet.dts = position
                packet.duration = duration
                position += duration or 0
                target.mux(packet)


def write_false_wav(path: Path, claimed_bytes: int = 0xFFFFFFF0) -> bytes:
    """Write a WAV of two seconds whose header claims four gigabytes."""
    location = write_audio(path, make_tone(2.0))
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", claimed_bytes)
    path.write_bytes(content)
    return location


def write_large_wav(path: Path, gigabytes: float) -> bytes:
    """Write a WAV of noise between long holes: hours of it."""
    size = min(round(gigabytes * 1e9), 0xFFFFFF00) & ~3
    noise = (np.random.default_rng(1).standard_normal(1 << 20) * 3000).astype("<i2").tobytes()
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt ")
        file.write(struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16) + b"data" + struct.pack("<I", size))
        for part in range(120):
            file.seek(44 + (size // 120 * part + size // 240 - len(noise) // 2 & ~3))
            file.write(noise)
        file.truncate(44 + size)
    return os.fsencode(path)


def write_wide(path: Path, seconds: float) -> bytes:
    """Write eight channels at 192 kHz."""
    y = np.repeat(make_tone(seconds, rate_hz=192_000)[:, :1], 8, axis=1)
    with soundfile.SoundFile(path, "w", 192_000, 8, subtype="PCM_24") as sound:
        for first in range(0, len(y), 1 << 16):
            sound.write(y[first : first + (1 << 16)])
    return os.fsencode(path)


def write_pictured(path: Path, megabytes: int) -> bytes:
    """Write an MP3 whose tag holds a huge picture."""
    location = write_audio(path, make_tone(3.0))
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TIT2(encoding=3, text=["Cover"]))
    tags.add(mutagen.id3.APIC(encoding=0, mime="image/jpeg", type=3, data=os.urandom(1 << 20) * megabytes))
    tags.save(path)
    return location


def write_pictured_flac(path: Path, megabytes: int) -> bytes:
    """Write a FLAC with as many pictures of 15 MB as that makes: one block of metadata holds no more."""
    location = write_audio(path, make_tone(3.0))
    content = path.read_bytes()
    block = bytes(15 << 20)
    picture = struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">IIIIII", 0, 1, 1, 24, 0, len(block)) + block
    header = bytes([6]) + struct.pack(">I", len(picture))[1:]
    first = 4 + 4 + 34  # the marker, and the first block, which describes the stream
    with path.open("wb") as file:
        file.write(content[:4] + bytes([content[4] & 0x7F]) + content[5:first])
        for _ in range(-(-megabytes // 15)):
            file.write(header + picture)
        file.write(content[first:])
    return location


def write_flac_of_absurd_blocks(path: Path) -> bytes:
    """Write a FLAC whose header claims the largest blocks, eight channels and 655 kHz."""
    location = write_audio(path, make_tone(3.0))
    content = bytearray(path.read_bytes())
    content[8:12] = b"\xff\xff\xff\xff"
    content[18:21] = b"\xa0\0\x0f"
    path.write_bytes(content)
    return location


def write_m4a_of_many_samples(path: Path, samples: int) -> bytes:
    """Write an MP4 whose table of sample sizes is as long as this, all of it zeros."""
    location = write_audio(path, make_tone(3.0))
    content = path.read_bytes()
    at = content.index(b"stsz") - 4
    (old_size,) = struct.unpack(">I", content[at : at + 4])
    table = struct.pack(">I4sIII", 20 + 4 * samples, b"stsz", 0, 0, samples)
    grown = bytearray(content[:at] + table)
    growth = 20 + 4 * samples - old_size
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        box = content.index(name) - 4
        (size,) = struct.unpack(">I", content[box : box + 4])
        grown[box : box + 4] = struct.pack(">I", size + growth)
    with path.open("wb") as file:
        file.write(grown)
        file.seek(4 * samples, os.SEEK_CUR)
        file.write(content[at + old_size :])
    return location


BOMBS: dict[str, Callable[[Path], bytes]] = {
    "claims 4 GiB.wav": write_false_wav,
    "wide.wav": lambda path: write_wide(path, 10.0),
    "wide.flac": lambda path: write_wide(path, 5.0),
    "picture.mp3": lambda path: write_pictured(path, 100),
    "pictures.flac": lambda path: write_pictured_flac(path, 90),
    "absurd blocks.flac": write_flac_of_absurd_blocks,
    "samples.m4a": lambda path: write_m4a_of_many_samples(path, 2_000_000),
}
LARGE_BOMBS: dict[str, Callable[[Path], bytes]] = {
    "ten hours.mp3": lambda path: write_long(path, 10.0),
    "ten hours.flac": lambda path: write_long(path, 10.0),
    "ten hours.ogg": lambda path: write_long(path, 10.0),
    "ten hours.opus": lambda path: write_long(path, 10.0),
    "ten hours.m4a": lambda path: write_long(path, 10.0),
    "thirty hours.opus": lambda path: write_long(path, 30.0),
    "4 GB.wav": lambda path: write_large_wav(path, 4.2),
    "wide.wav": lambda path: write_wide(path, 120.0),
    "picture of 255 MB.mp3": lambda path: write_pictured(path, 255),
    "many samples.m4a": lambda path: write_m4a_of_many_samples(path, 60_000_000),
}
