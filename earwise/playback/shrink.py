"""A program: draws a picture anew, no larger than it is shown, as WebP.

It runs as a process of its own, with little memory, because what it decodes may be hostile. It is started by its path
and imports nothing of Earwise, because a page waits for it.

Usage: ``python shrink.py <codec> <pixels of the longer side> ...`` with the picture on stdin. On stdout comes, for each
size, the picture's length in four bytes and the picture; nothing at all where it can't be decoded or has too many
pixels. Another exit code than 0 says that the reason may not lie in the picture.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from typing import cast

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

# The largest scans of covers have 6,000 pixels a side; in 16 bits of four channels that is 288 MB.
_MOST_PIXELS = 6_000 * 6_000
_MOST_MEMORY_BYTES = 1 << 29
# Of 100: no worse to the eye than the cover, at 3 KB for a row of a list.
_QUALITY = "80"


def main() -> None:
    """Draw the picture on stdin in the sizes that are the arguments."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    codec, *sizes_px = sys.argv[1:]
    try:
        frame = _decode(sys.stdin.buffer.read(), codec)
        drawn = [_draw(frame, int(size_px)) for size_px in sizes_px]
    except MemoryError:
        sys.exit(1)
    except (FFmpegError, ValueError, IndexError):
        return
    for picture in drawn:
        sys.stdout.buffer.write(struct.pack(">I", len(picture)) + picture)


def _decode(content: bytes, codec: str) -> VideoFrame:
    """The first picture of an animation; raises IndexError where there is none."""
    decoder = cast("VideoCodecContext", VideoCodecContext.create(codec, "r"))
    decoder.options = {"max_pixels": str(_MOST_PIXELS)}
    decoder.thread_count = 1
    return [*decoder.decode(av.Packet(content)), *decoder.decode(None)][0]


def _draw(frame: VideoFrame, size_px: int) -> bytes:
    share = min(1.0, size_px / max(frame.width, frame.height))
    width, height = (max(1, round(side * share)) for side in (frame.width, frame.height))
    is_opaque = not any(component.is_alpha for component in frame.format.components)
    layout = "yuv420p" if is_opaque else "yuva420p"
    # WebP has the narrow range of colours that video has, whatever the encoder is given.
    small = frame.reformat(width, height, layout, interpolation="AREA", dst_color_range="MPEG")
    encoder = VideoCodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, layout
    encoder.options = {"quality": _QUALITY}
    small.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(small), *encoder.encode(None)))


if __name__ == "__main__":
    # What decoders say of damaged pictures helps nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    main()
