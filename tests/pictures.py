"""Pictures to look at, and what is seen in them."""

from __future__ import annotations

import struct
import zlib

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

_FORMATS = {"mjpeg": "yuvj420p", "png": "rgb24"}


def make_picture(width: int, height: int, codec: str = "mjpeg", *, seed: int = 0) -> bytes:
    """A picture that compresses no better than a photograph does."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 230, (height // 8 + 1, width // 8 + 1, 3))
    pixels = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width] + rng.integers(0, 25, (height, width, 3))
    return encode(pixels.astype(np.uint8), codec)


def make_plain(width: int, height: int, colour: tuple[int, ...], codec: str = "png") -> bytes:
    """A picture of one colour: red, green, blue, and how opaque it is, of 255 each."""
    return encode(np.full((height, width, len(colour)), colour, np.uint8), codec)


def make_turned(orientation: int) -> bytes:
    """A JPEG of 240 by 160 pixels whose first row begins with red and ends with green, and which is to be turned."""
    pixels = np.full((160, 240, 3), 128, np.uint8)
    pixels[:40, :40], pixels[:40, -40:] = (250, 0, 0), (0, 200, 0)
    written = encode(pixels, "mjpeg")
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, 0x112, 3, 1, orientation, 0)
    return written[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + written[2:]


def make_palette(colour: tuple[int, int, int, int]) -> bytes:
    """A PNG of one pixel by its palette: red, green, blue, and how opaque it is."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0),
        b"PLTE": bytes(colour[:3]),
        b"tRNS": bytes(colour[3:]),
        b"IDAT": zlib.compress(b"\0\0"),
        b"IEND": b"",
    }
    return _write_png(chunks)


def make_bomb(side: int) -> bytes:
    """A white PNG, whole and right, of a thousandth of the bytes that its pixels take."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0),
        b"IDAT": zlib.compress((b"\0" + b"\xff" * side) * side),
        b"IEND": b"",
    }
    return _write_png(chunks)


def _write_png(chunks: dict[bytes, bytes]) -> bytes:
    written = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def encode(pixels: np.ndarray, codec: str) -> bytes:
    layout = "rgba" if pixels.shape[2] == 4 else "rgb24"
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), layout)
    encoder = VideoCodecContext.create(codec, "w")
    encoder.width, encoder.height = frame.width, frame.height
    encoder.pix_fmt = _FORMATS[codec] if layout == "rgb24" else layout
    encoder.time_base, encoder.qmin, encoder.qmax = 1, 2, 3
    shown = frame.reformat(format=encoder.pix_fmt)
    shown.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(shown), *encoder.encode(None)))


def look_at(content: bytes) -> np.ndarray:
    """The pixels of a WebP as red, green, blue and how opaque they are [shape=(height, width, 4)]."""
    decoder = VideoCodecContext.create("webp", "r")
    frames = [*decoder.decode(av.Packet(content)), *decoder.decode(None)]
    return frames[0].to_ndarray(format="rgba")
