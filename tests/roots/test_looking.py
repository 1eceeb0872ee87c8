"""What is read of a file to find its picture, of whatever kind its root is."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from earwise.errors import UnreadableFileError
from earwise.paths import LibraryPath
from earwise.playback import artwork
from earwise.playback.artwork import find_picture
from earwise.root import Copies, Root
from earwise.roots.opening import open_start
from tests.audio import make_tone, write_audio
from tests.bombs import write_pictured, write_pictured_flac
from tests.roots.conftest import MakeArchive
from tests.web.test_pictures import JPEG, embed

_COVERED = ("a.mp3", "a.flac", "a.ogg")


def covered(folder: Path, name: str, content: bytes = JPEG, duration_s: float = 1.0) -> bytes:
    """The content of a track with a cover."""
    write_audio(folder / name, make_tone(duration_s))
    embed(folder / name, content)
    return (folder / name).read_bytes()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", _COVERED)
def test_cover_in_an_archive_is_found_without_a_copy_of_its_track(
    make_archive: MakeArchive,
    copies: Copies,
    tmp_path: Path,
    name: str,
    compression: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(artwork, "_START_BYTES", 30_000)
    content = covered(tmp_path, name, duration_s=8.0)
    assert len(content) > 60_000
    root = Root("archive", make_archive({name: content}, compression=compression), copies=copies)
    found = find_picture(LibraryPath("archive", name.encode()), (root,))
    assert found is not None
    assert found.content == JPEG
    assert not copies.folder.exists()


def test_member_seems_to_end_where_no_more_is_wanted(make_archive: MakeArchive, copies: Copies) -> None:
    root = Root("archive", make_archive({"long.mp3": b"abcdefgh" * 10_000, "short.mp3": b"abc"}), copies=copies)
    with open_start(LibraryPath("archive", b"long.mp3"), (root,), 1_000) as reader:
        assert (reader.seek(-4, 2), reader.read()) == (996, b"efgh")
        assert (reader.seek(2), reader.read(3), reader.tell()) == (2, b"cde", 5)
        assert (reader.seek(5_000), reader.read(3)) == (5_000, b"")
        assert reader.seek(0) == 0
        assert reader.read() == b"abcdefgh" * 125
    with open_start(LibraryPath("archive", b"short.mp3"), (root,), 1_000) as reader:
        assert reader.read() == b"abc"


def test_damaged_and_absent_members_have_no_cover(make_archive: MakeArchive, copies: Copies, tmp_path: Path) -> None:
    content = covered(tmp_path, "a.mp3")
    path = make_archive({"a.mp3": content}, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"APIC", b"APIX", 1))
    root = Root("archive", path, copies=copies)
    assert find_picture(LibraryPath("archive", b"a.mp3"), (root,)) is None
    with pytest.raises(UnreadableFileError):
        find_picture(LibraryPath("archive", b"b.mp3"), (root,))
    with (
        open_start(LibraryPath("archive", b"a.mp3"), (root,), 2 * len(content)) as reader,
        pytest.raises(OSError, match="damaged"),
    ):
        reader.read()
    with pytest.raises(UnreadableFileError):
        open_start(LibraryPath("archive", b"b.mp3"), (root,), 1)


@pytest.mark.parametrize("write", [write_pictured, write_pictured_flac])
def test_huge_pictures_are_not_taken_into_memory(tmp_path: Path, write: type[write_pictured]) -> None:
    suffix = "flac" if write is write_pictured_flac else "mp3"
    write(tmp_path / f"a.{suffix}", 60)
    tracemalloc.start()
    try:
        assert find_picture(LibraryPath("music", f"a.{suffix}".encode()), (Root("music", tmp_path),)) is None
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 40_000_000
