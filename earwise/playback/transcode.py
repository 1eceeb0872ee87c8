"""A program: judges a file of the library, and converts it to FLAC unless browsers play it as it is.

It runs as a process of its own, with little memory and time, because what it decodes may be hostile. FLAC, because
every browser plays it, in ranges, and it loses nothing of what is written: 16 bits of one or two channels, at 48 kHz
or less.

Usage: ``python -m earwise.playback.transcode <descriptor to read> <descriptor to write> <bytes to write at most>``. One
line on stdout says ``native``, ``converted``, ``refused`` with a reason that lies in the file; or ``large`` (it takes
more bytes), ``full`` (the disk) or ``failed`` with a reason that may not.
"""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Buffer
from io import FileIO

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer

from earwise.containers import FFMPEG_ERRORS, open_container

# Codecs that Chromium, Firefox and Safari all play in these containers.
_NATIVE = {
    "wav": {"pcm_u8", "pcm_s16le", "pcm_s24le"},
    "mov,mp4,m4a,3gp,3g2,mj2": {"aac", "mp3"},
    "aac": {"aac"},
    "mp3": {"mp3"},
    "flac": {"flac"},
    "ogg": {"vorbis", "opus", "flac"},
}
_MOST_NATIVE_CHANNELS = 2
_HIGHEST_RATE_HZ = 48_000
_MOST_MEMORY_BYTES = 1 << 30
_FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> None:
    """Judge and convert the file whose descriptors are the arguments."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    source, target, most_bytes = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    sys.stdout.write(_judge(FileIO(source), _Target(target, "r+")))


class _Target(FileIO):
    """A file that is written whole, or knows why it was not: FFmpeg tells that by another error, or not at all."""

    fault: OSError | None = None

    def write(self, content: Buffer, /) -> int:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.fault = error
            raise
        return len(memoryview(content))


def _judge(source: FileIO, target: _Target) -> str:
    verdict = _try(source, target)
    if target.fault is None:
        return verdict
    if target.fault.errno == errno.EFBIG:
        return "large"
    reason = os.strerror(target.fault.errno or 0)
    return f"full {reason}" if target.fault.errno in _FULL else f"failed What it becomes can't be written: {reason}."


def _try(source: FileIO, target: FileIO) -> str:
    try:
        with open_container(source) as container:
            if not container.streams.audio:
                return "refused It holds no audio."
            if _is_native(container):
                return "native"
            _convert(container, target)
            return "converted"
    except MemoryError:
        return "failed Converting it takes more memory than there is for it."
    except FFMPEG_ERRORS as error:
        return f"refused It can't be converted: {getattr(error, 'strerror', None) or error}."
    except OSError as error:  # of the disk, not of FFmpeg
        return f"failed It can't be read: {os.strerror(error.errno or 0)}."


def _is_native(container: InputContainer) -> bool:
    codec = container.streams.audio[0].codec_context
    return (
        codec.codec.canonical_name in _NATIVE.get(container.format.name, ())
        and codec.channels <= _MOST_NATIVE_CHANNELS
        and not any(stream.type == "video" and not _is_cover(stream) for stream in container.streams)
    )


def _is_cover(stream: object) -> bool:
    return bool(getattr(stream, "disposition", 0) & av.stream.Disposition.attached_pic)


def _convert(container: InputContainer, target: FileIO) -> None:
    source = container.streams.audio[0]
    layout = "mono" if source.codec_context.channels == 1 else "stereo"
    rate_hz = min(source.codec_context.sample_rate, _HIGHEST_RATE_HZ)
    frames = 0
    with av.open(target, "w", format="flac") as output:
        stream = output.add_stream("flac", rate=rate_hz, layout=layout)
        encoder: AudioCodecContext = stream.codec_context
        resampler = av.AudioResampler(format="s16", layout=layout, rate=rate_hz, frame_size=encoder.frame_size or 4096)
        for decoded in container.decode(source):
            # Files of some programs count time from anywhere, or not at all.
            decoded.pts = None
            for frame in resampler.resample(decoded):
                output.mux(stream.encode(frame))
                frames += 1
        for frame in resampler.resample(None):
            output.mux(stream.encode(frame))
            frames += 1
        output.mux(stream.encode(None))
    if not frames:
        raise ValueError("there is no sound in it")


if __name__ == "__main__":
    # What decoders say of damaged files helps nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    main()
