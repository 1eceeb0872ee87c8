"""Pictures of tracks: in the file itself, or beside it in its folder."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import mutagen
from mutagen.flac import Picture as FlacPicture

from earwise.errors import UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots.opening import open_file, open_start

# A larger picture is left where it is.
MOST_BYTES = 3 * 2**20
# Of a file whose pictures are looked for: from its start where it can be read from there only, and in all.
_START_BYTES = MOST_BYTES + 2**20
_MOST_READ_BYTES = 16 * 2**20
_FOLDER_NAMES = (b"cover.jpg", b"folder.jpg", b"front.jpg", b"cover.png", b"folder.png", b"Cover.jpg", b"Folder.jpg")
_FRONT_COVER = 3
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that browsers show; its type is that of its content, whatever a tag says."""

    content: bytes
    mimetype: str


def find_picture(file: LibraryPath, roots: tuple[Root, ...]) -> Picture | None:
    """The picture in a file, else the one in its folder; None where there is none of a size that is looked at.

    Raises
    ------
    UnreadableFileError, OSError
        If the file can't be opened: whether it has one is not known then.
    """
    return next(find_pictures(file, roots), None)


def find_pictures(file: LibraryPath, roots: tuple[Root, ...]) -> Iterator[Picture]:
    """The pictures in a file, front covers first, and then those in its folder; raises as `find_picture` does."""
    try:
        with open_start(file, roots, _START_BYTES) as reader:
            candidates = [*_embedded(mutagen.File(_Sparing(reader)))]
    except (UnreadableFileError, OSError):
        raise
    except Exception:  # noqa: BLE001 - mutagen lets through whatever a broken file provokes: it has no picture then
        candidates = []
    yield from filter(None, map(recognise, candidates))
    yield from _beside(file, roots)


def folder_version(file: LibraryPath, roots: tuple[Root, ...]) -> str:
    """Another text once the pictures in a file's folder are others; the same one where none is looked for.

    Raises
    ------
    UnreadableFileError
        If the folder is away, or out of the library.
    OSError
        If the operating system refuses.
    """
    if not _is_in_folder(file, roots):
        return ""
    changed_ns = [_changed_ns(file.parent, roots)]
    for name in _FOLDER_NAMES:
        with suppress(UnreadableFileError, OSError):
            changed_ns.append(_changed_ns(file.parent.child(name), roots))
    return f"{max(changed_ns):x}"


def recognise(content: bytes) -> Picture | None:
    """The picture that these bytes are; None for anything else, and for a picture that is too large.

    >>> recognise(b"<svg onload=alert(1)>") is None, recognise(b"GIF89a").mimetype
    (True, 'image/gif')
    """
    if len(content) > MOST_BYTES:
        return None
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Picture(content, "image/webp")
    return next((Picture(content, mimetype) for start, mimetype in _SIGNATURES if content.startswith(start)), None)


class _Sparing:
    """A file that is read in part: tags say how much of it is to be taken into memory, and may say anything."""

    def __init__(self, reader: BinaryIO) -> None:
        self._reader, self._left_bytes = reader, _MOST_READ_BYTES
        self.seek, self.tell = reader.seek, reader.tell

    def read(self, size: int = -1) -> bytes:
        """Read; raises EOFError beyond what may be read in all."""
        content = self._reader.read(size if 0 <= size <= self._left_bytes else self._left_bytes + 1)
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise EOFError("Its tags take more than is read of a file for a picture.")
        return content


def _embedded(found: Any) -> Iterator[bytes]:
    """Pictures of a file as mutagen reads it, front covers first."""
    pictures = sorted(_pictures(found), key=lambda picture: picture[0] != _FRONT_COVER)
    yield from (content for _, content in pictures)


def _pictures(found: Any) -> Iterator[tuple[int, bytes]]:
    for picture in getattr(found, "pictures", ()):
        yield picture.type, picture.data
    tags = getattr(found, "tags", None)
    if tags is None:
        return
    if hasattr(tags, "getall"):
        yield from ((frame.type, frame.data) for frame in tags.getall("APIC"))
        return
    with suppress(KeyError, ValueError):
        yield from ((_FRONT_COVER, bytes(content)) for content in tags["covr"])
    with suppress(KeyError, ValueError):
        yield from _vorbis_pictures(tags["metadata_block_picture"])


def _vorbis_pictures(blocks: list[str]) -> Iterator[tuple[int, bytes]]:
    for block in blocks:
        with suppress(binascii.Error, mutagen.MutagenError):
            picture = FlacPicture(base64.b64decode(block))  # type: ignore[no-untyped-call]
            yield picture.type, picture.data


def _beside(file: LibraryPath, roots: tuple[Root, ...]) -> Iterator[Picture]:
    for name in _FOLDER_NAMES if _is_in_folder(file, roots) else ():
        picture = None
        with suppress(UnreadableFileError, OSError), open_file(file.parent.child(name), roots).reader as reader:
            picture = recognise(reader.read(MOST_BYTES + 1))
        if picture:
            yield picture


def _changed_ns(path: LibraryPath, roots: tuple[Root, ...]) -> int:
    return Path(os.fsdecode(path.locate(roots))).stat().st_mtime_ns


def _is_in_folder(file: LibraryPath, roots: tuple[Root, ...]) -> bool:
    # In an archive or a bucket every name that is tried would be a request of its own.
    return any(root.name == file.root and root.is_folder for root in roots)
