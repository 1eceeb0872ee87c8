"""Audio files broken as disks, downloads and hostile people break them; the same ones from the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import mutagen

from tests.audio import FFMPEG_SUFFIXES, LIBSNDFILE_SUFFIXES, make_tone, write_audio

# Long enough that decoders have to seek, and that a recording is known by a part of its packets.
_LONG_S, _LONG_RATE_HZ = 64.0, 8_000
_EXTREMES = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), b"\x80\0\0\0", b"\0\0\0\x01")

Mutation = Callable[[bytearray, random.Random, bytes], bytes]


def mutated_files(originals: Sequence[Path], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of broken files, made of these in turn."""
    rng = random.Random(seed)
    sound = [(path.suffix, path.read_bytes()) for path in originals]
    for number in range(count):
        suffix, content = sound[number % len(sound)]
        mutation = rng.choice(_MUTATIONS)
        _, other = rng.choice(sound)
        yield f"{number:04d} {mutation.__name__.strip('_')}{suffix}", mutation(bytearray(content), rng, other)


def write_originals(folder: Path) -> list[Path]:
    """Tones, short and long, with tags, in all formats."""
    paths = []
    for suffix in (*LIBSNDFILE_SUFFIXES, *FFMPEG_SUFFIXES):
        for name, duration_s, rate_hz in (("short", 2.0, 44_100), ("long", _LONG_S, _LONG_RATE_HZ)):
            path = folder / f"{name}{suffix}"
            tone = make_tone(duration_s, rate_hz=rate_hz)[:, : 2 if name == "short" or suffix in FFMPEG_SUFFIXES else 1]
            write_audio(path, tone, rate_hz=rate_hz)
            tagged = mutagen.File(path, easy=True)
            if tagged is not None and suffix != ".aac":
                if tagged.tags is None:
                    tagged.add_tags()
                if suffix not in (".wav", ".aiff", ".wma"):
                    tagged["title"], tagged["artist"] = "A title " * 20, "Somebody"
                tagged.save()
            paths.append(path)
    return paths


def _flip_bits(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    for _ in range(rng.choice((1, 8, 64, 512))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _flip_bits_of_head(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    for _ in range(rng.choice((1, 4, 16))):
        content[rng.randrange(min(256, len(content)))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _truncate(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    return bytes(content[: int(len(content) * rng.random() ** 2)])


def _lose_head(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    return bytes(content[int(len(content) * rng.random() ** 2) :])


def _lose_part(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(content)) for _ in range(2))
    return bytes(content[:first] + content[last:])


def _repeat_part(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    first, last = sorted(rng.randrange(len(content)) for _ in range(2))
    return bytes(content[:last] + content[first:])


def _splice(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    return bytes(content[: rng.randrange(len(content))] + other[rng.randrange(len(other)) :])


def _zero_part(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    first = rng.randrange(len(content))
    return bytes(content[:first]) + bytes(min(65_536, len(content) - first)) + bytes(content[first + 65_536 :])


def _edit_header(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    for _ in range(rng.choice((1, 2, 4))):
        first = rng.randrange(min(1024, len(content)))
        content[first : first + 4] = rng.choice(_EXTREMES)
    return bytes(content)


def _edit_end(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    # Where MP4 keeps its tables and Ogg the position that tells its length.
    for _ in range(rng.choice((1, 2, 4))):
        first = len(content) - 1 - rng.randrange(min(2048, len(content)))
        content[first : first + 4] = rng.choice(_EXTREMES)
    return bytes(content)


def _noise(content: bytearray, rng: random.Random, other: bytes) -> bytes:
    first = rng.randrange(min(64, len(content)))
    return bytes(content[:first]) + rng.randbytes(20_000)


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _flip_bits_of_head,
    _truncate,
    _lose_head,
    _lose_part,
    _repeat_part,
    _splice,
    _zero_part,
    _edit_header,
    _edit_end,
    _noise,
)
