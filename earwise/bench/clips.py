"""Clips for benchmarks: thirty seconds of a track as MP3, and repeats of them that are recordings of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import av.error

CLIP_S = 30.0
_RATE_HZ, _BIT_RATE = 44_100, 128_000
_FILES_A_FOLDER = 100


def make_clips(tracks: Sequence[Path], folder: Path) -> list[Path]:
    """Encode the middle of each track that is long enough and that FFmpeg decodes; returns the clips."""
    clips = []
    for number, track in enumerate(tracks):
        clip = folder / f"{number:05}.mp3"
        try:
            if _encode_middle(track, clip):
                clips.append(clip)
        except (av.error.FFmpegError, ValueError, IndexError):
            clip.unlink(missing_ok=True)
    return clips


def repeat_clips(clips: Sequence[Path], count: int, folder: Path) -> None:
    """Write `count` files that hold these clips in turn, each with one packet altered, so that all are distinct."""
    originals = [(clip.read_bytes(), _packet_ends(clip)) for clip in clips]
    for number, (content, ends) in zip(range(count), itertools.cycle(originals), strict=False):
        repeated = bytearray(content)
        # The end of a packet is padding or the last bits of its highest band: nobody hears the difference.
        for position, byte in enumerate((number // len(originals)).to_bytes(3, "big")):
            repeated[ends[len(ends) // 2] - 1 - position] ^= byte
        target = folder / f"{number // _FILES_A_FOLDER:04}"
        target.mkdir(exist_ok=True)
        (target / f"{number:06}.mp3").write_bytes(repeated)


def _encode_middle(track: Path, clip: Path) -> bool:
    with av.open(str(track)) as source:
        length_s = (source.duration or 0) / av.time_base
        if length_s < CLIP_S + 1:
            return False
        source.seek(int((length_s - CLIP_S) / 2 * av.time_base))
        with av.open(str(clip), "w") as target:
            stream = target.add_stream("libmp3lame", rate=_RATE_HZ, layout="stereo", bit_rate=_BIT_RATE)
            resampler = av.AudioResampler(format="s16p", layout="stereo", rate=_RATE_HZ, frame_size=1152)
            frames = (frame for decoded in source.decode(audio=0) for frame in resampler.resample(decoded))
            for frame in _until(frames, int(CLIP_S * _RATE_HZ)):
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
    return True


def _until(frames: Iterator[av.AudioFrame], samples: int) -> Iterator[av.AudioFrame]:
    for frame in frames:
        frame.pts = None
        yield frame
        samples -= frame.samples
        if samples <= 0:
            return


def _packet_ends(clip: Path) -> list[int]:
    with av.open(str(clip)) as container:
        return [packet.pos + packet.size for packet in container.demux(audio=0) if packet.size and packet.pos]
