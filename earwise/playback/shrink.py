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
from fractions import Fraction
from typing import cast

import av
from av.error import FFmpegError
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

# The largest scans of covers have 6,000 pixels a side; in 16 bits of four channels that is 288 MB.
_MOST_PIXELS = 6_000 * 6_000
_MOST_MEMORY_BYTES = 1 << 29
# Of 100: no worse to the eye than the cover, at 3 KB for a row of a list.
_QUALITY = "80"
# What turns a picture upright, by the signs of the matrix that its orientation (of EXIF) is told as.
_TURNS: dict[tuple[int, ...], list[tuple[str, str]]] = {
    (-1, 0, 0, 1): [("hflip", "")],
    (-1, 0, 0, -1): [("hflip", ""), ("vflip", "")],
    (1, 0, 0, -1): [("vflip", "")],
    (0, 1, 1, 0): [("transpose", "cclock_flip")],
    (0, 1, -1, 0): [("transpose", "clock")],
    (0, -1, -1, 0): [("transpose", "clock_flip")],
    (0, -1, 1, 0): [("transpose", "cclock")],
}


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
    # Colours of a palette may be clear.
    has_alpha = frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)
    layout = "yuva420p" if has_alpha else "yuv420p"
    # WebP has the narrow range of colours that video has, whatever the encoder is given.
    small = frame.reformat(width, height, layout, interpolation="AREA", dst_color_range="MPEG")
    if turns := _TURNS.get(_orientation(frame), []):
        small = _turn(small, turns)
    encoder = VideoCodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = small.width, small.height, layout
    encoder.options = {"quality": _QUALITY}
    small.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(small), *encoder.encode(None)))


def _orientation(frame: VideoFrame) -> tuple[int, ...]:
    """Signs of the four numbers that say where its columns and rows go; empty where it lies as it is shown."""
    if (told := frame.side_data.get(Type.DISPLAYMATRIX)) is None:
        return ()
    matrix = struct.unpack("=9i", bytes(told))
    return tuple((matrix[place] > 0) - (matrix[place] < 0) for place in (0, 1, 3, 4))


def _turn(frame: VideoFrame, turns: list[tuple[str, str]]) -> VideoFrame:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    filters = [graph.add(name, options or None) for name, options in turns]
    graph.link_nodes(source, *filters, graph.add("buffersink")).configure()
    graph.push(frame)
    return cast("VideoFrame", graph.pull())


if __name__ == "__main__":
    # What decoders say of damaged pictures helps nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    main()
