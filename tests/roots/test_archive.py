"""A zip archive as a root: scanned, heard and played without being unpacked."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earwise.errors import LibraryError, UnreadableFileError
from earwise.library.scan import walk_root
from earwise.paths import LibraryPath
from earwise.playback.playable import open_playable
from earwise.root import Copies, Root
from earwise.roots.opening import local_copy, open_file
from earwise.store import Store
from tests.audio import write_tone
from tests.extraction.conftest import Extraction
from tests.roots.conftest import MakeArchive


def root_of(path: Path, copies: Copies) -> Root:
    return Root("archive", path, copies=copies)


def walk(root: Root) -> dict[bytes, list[bytes]]:
    return {folder.location.path: list(folder.files) for folder in walk_root(root, (root,))}


def read(root: Root, path: bytes) -> bytes:
    with local_copy(LibraryPath(root.name, path), (root,)) as location:
        return Path(location.decode()).read_bytes()


def test_folders_come_in_order_of_bytes_each_once(make_archive: MakeArchive, copies: Copies) -> None:
    members = ("all/b/2.mp3", "all/a.mp3", "all/b/c/1.mp3", "all/b-c/3.mp3", "all/b/1.mp3", "all/z.mp3")
    root = root_of(make_archive(dict.fromkeys(members, b"x")), copies)
    found = walk(root)
    assert list(found) == [b"", b"b", b"b-c", b"b/c"], "the single top folder is left out"
    assert found[b""] == [b"a.mp3", b"z.mp3"]
    assert found[b"b"] == [b"1.mp3", b"2.mp3"]


def test_what_is_no_track_is_passed_over(make_archive: MakeArchive, copies: Copies) -> None:
    names = (
        "a/1.mp3",
        "a/.hidden.mp3",
        "__MACOSX/a/1.mp3",
        ".git/1.mp3",
        "a/README.txt",
        "a/",
        "b/",
    )
    root = root_of(make_archive(dict.fromkeys(names, b"")), copies)
    assert walk(root) == {b"": [], b"a": [b"1.mp3"]}
    assert next(walk_root(root, (root,))).passed_over == {"hidden": 2, "system": 1}


def test_members_that_can_not_be_named_are_reported(make_archive: MakeArchive, copies: Copies) -> None:
    names = ("a/1.mp3", "../up.mp3", "/abs.mp3", "a//b.mp3", "../up.txt")
    root = root_of(make_archive(dict.fromkeys(names, b"")), copies)
    top, folder = walk_root(root, (root,))
    assert (top.location.path, dict(top.files), folder.location.path, list(folder.files)) == (b"", {}, b"a", [b"1.mp3"])
    assert {problem.location.path: problem.code for problem in top.problems} == dict.fromkeys(
        (b"../up.mp3", b"/abs.mp3", b"a//b.mp3"), "unaddressable"
    )


def test_member_is_converted_where_there_is_no_room_for_it_beside_its_conversion(
    make_archive: MakeArchive, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 44_100)
    soundfile.write(tmp_path / "a.aiff", noise, 44_100)
    content = (tmp_path / "a.aiff").read_bytes()
    copies = Copies(tmp_path / "copies", round(1.2 * len(content)), wait_s=0.0)
    root = root_of(make_archive({"a.aiff": content}), copies)
    playable = open_playable(LibraryPath("archive", b"a.aiff"), (root,), copies, limit_s=60.0)
    with playable.opened.reader as reader:
        assert (playable.mimetype, reader.read(4)) == ("audio/flac", b"fLaC")
        assert playable.opened.size_bytes > 0.2 * len(content), "both would have found room"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_member_is_read_however_it_is_packed(make_archive: MakeArchive, copies: Copies, compression: int) -> None:
    content = b"a tune" * 100_000
    root = root_of(make_archive({"a/1.mp3": content, "b.mp3": b""}, compression=compression), copies)
    assert read(root, b"a/1.mp3") == content
    opened = open_file(LibraryPath("archive", b"a/1.mp3"), (root,))
    opened.reader.seek(600_000 - 6)
    assert (opened.reader.read(), opened.size_bytes) == (b"a tune", 600_000)
    opened.reader.close()


def test_changed_member_of_the_same_size_and_time_is_seen_and_read_anew(
    make_archive: MakeArchive, copies: Copies
) -> None:
    member = zipfile.ZipInfo("1.mp3", (2017, 4, 1, 0, 0, 0))

    def found(content: bytes) -> tuple[object, bytes]:
        root = root_of(make_archive({}, name="same.zip"), copies)
        with zipfile.ZipFile(root.folder, "w") as archive:
            archive.writestr(member, content)
        (folder,) = walk_root(root, (root,))
        return folder.files[b"1.mp3"], read(root, b"1.mp3")

    first, second = found(b"one"), found(b"two")
    assert first[0] != second[0]
    assert (first[1], second[1]) == (b"one", b"two")


def test_damaged_member_costs_itself_alone(make_archive: MakeArchive, copies: Copies) -> None:
    path = make_archive({"1.mp3": b"good" * 1000, "2.mp3": b"evil" * 1000}, compression=zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"evil", b"Evil", 1))
    root = root_of(path, copies)
    assert read(root, b"1.mp3") == b"good" * 1000
    with pytest.raises(UnreadableFileError, match="damaged") as raised:
        read(root, b"2.mp3")
    assert raised.value.code == "read_error", "not tried again before it changes"


def test_absent_member_and_absent_archive_are_the_files_error(make_archive: MakeArchive, copies: Copies) -> None:
    root = root_of(make_archive({"1.mp3": b"x"}), copies)
    for broken in (root, root_of(Path("/nowhere/music.zip"), copies)):
        with pytest.raises(UnreadableFileError, match="not in the archive"):
            read(broken, b"2.mp3")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off"])
def test_root_that_is_no_archive_can_not_be_scanned(tmp_path: Path, copies: Copies, content: bytes | None) -> None:
    path = tmp_path / "music.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LibraryError, match=r"music\.zip can't be read"):
        walk(root_of(path, copies))


def test_optional_archive_need_not_be_there(copies: Copies) -> None:
    assert walk(dataclasses.replace(root_of(Path("/nowhere/music.zip"), copies), is_optional=True)) == {}


def test_archive_is_extracted_like_a_folder(
    extraction: Extraction, store: Store, make_archive: MakeArchive, tmp_path: Path, copies: Copies
) -> None:
    members = {}
    for number in range(3):
        name = f"{number}.mp3"
        write_tone(tmp_path / name, number, duration_s=1.5)
        members[f"Ben/Live/{name}"] = (tmp_path / name).read_bytes()
    members["Ben/Live/broken.mp3"] = b"words"
    path = make_archive(members, compression=zipfile.ZIP_BZIP2)
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root("archive", path),))
    (batch,) = extraction.run()
    assert (batch.analysed, dict(batch.failures)) == (3, {"not_audio": 1})
    assert extraction.run() == [], "unchanged: nothing to do"
    assert store.tracks.count_ready() == 3
    path.unlink()
    with pytest.raises(LibraryError, match="can't be read"):
        extraction.scan()
    assert store.tracks.count_ready() == 3


def test_member_of_absurd_size_is_quarantined_and_the_rest_goes_on(
    extraction: Extraction, tmp_path: Path, copies: Copies
) -> None:
    path = tmp_path / "absurd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(write_tone(tmp_path / "a.wav", 1).decode(), "a.wav")
        archive.writestr("b.wav", b"x" * 100)
        archive.infolist()[1].file_size = 2**63 + 5
    extraction.settings = dataclasses.replace(extraction.settings, library=(root_of(path, copies),))
    extraction.run()
    assert extraction.store.tracks.count_ready() == 1
    assert list(extraction.codes()) == ["b.wav"]
    assert extraction.scan().changed == 0
