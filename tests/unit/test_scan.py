"""The walk sees every audio file of a root once, in the order of bytes, and says what it could not see."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwise.errors import LibraryError
from earwise.library import scan
from earwise.library.scan import PROBLEM_CODES, FoundFile, FoundFolder, walk_root
from earwise.root import Root


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def put(library: Path, *paths: str) -> None:
    for path in paths:
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_bytes(b"x")


def walk(library: Path, *others: Path) -> list[FoundFolder]:
    roots = (Root("music", library), *(Root(f"other{n}", folder) for n, folder in enumerate(others)))
    return list(walk_root(roots[0], roots))


def files(folders: list[FoundFolder]) -> list[bytes]:
    return [folder.location.child(name).path for folder in folders for name in sorted(folder.files)]


def problems(folders: list[FoundFolder]) -> dict[bytes, str]:
    return {problem.location.path: problem.code for folder in folders for problem in folder.problems}


def test_folders_come_in_order_of_their_bytes(library: Path) -> None:
    put(library, "a/b/1.mp3", "a-b/1.mp3", "a/1.mp3", "a b/c/1.mp3", "Z/1.mp3", "é/1.mp3")
    paths = [folder.location.path for folder in walk(library)]
    assert paths == sorted(paths)
    assert paths == [b"", b"Z", b"a", b"a b", b"a b/c", b"a-b", b"a/b", "é".encode()]


def test_audio_files_are_known_by_their_suffix_in_any_case(library: Path) -> None:
    put(library, "a.mp3", "b.FLAC", "c.Ogg", "d.txt", "cover.jpg", "mp3", "e.mp3.part", "f.opus", "g.m4a", "h.wma")
    assert files(walk(library)) == [b"a.mp3", b"b.FLAC", b"c.Ogg", b"f.opus", b"g.m4a", b"h.wma"]


def test_size_and_time_come_with_a_file(library: Path) -> None:
    put(library, "a.mp3")
    os.utime(library / "a.mp3", ns=(1, 1_234_567_890_123_456_789))
    (root,) = walk(library)
    assert root.files == {b"a.mp3": FoundFile(1, 1_234_567_890_123_456_789)}


def test_hidden_and_system_entries_are_passed_over(library: Path) -> None:
    put(library, ".hidden.mp3", "._a.mp3", ".git/a.mp3", "@eaDir/a.mp3", "$RECYCLE.BIN/a.mp3", "lost+found/a.mp3")
    assert files(walk(library)) == []
    assert problems(walk(library)) == {}
    (root,) = walk(library)
    assert root.passed_over == {"hidden": 3, "system": 3}


def test_names_that_are_not_utf8_are_ordinary(library: Path) -> None:
    folder = os.fsencode(library) + b"/na\xefve"
    os.mkdir(folder)  # noqa: PTH102 - pathlib has no paths of bytes
    with open(folder + b"/caf\xe9\n.mp3", "wb"):  # noqa: PTH123
        pass
    assert files(walk(library)) == [b"na\xefve/caf\xe9\n.mp3"]


def test_folder_with_the_name_of_a_file_is_a_folder(library: Path) -> None:
    put(library, "best of.mp3/a.mp3")
    assert files(walk(library)) == [b"best of.mp3/a.mp3"]
    assert problems(walk(library)) == {}


def test_pipe_and_socket_are_reported_and_not_opened(library: Path) -> None:
    os.mkfifo(library / "pipe.mp3")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(library / "socket.mp3"))
        found = walk(library)
    assert files(found) == []
    assert problems(found) == {b"pipe.mp3": "not_a_file", b"socket.mp3": "not_a_file"}


def test_links_that_lead_nowhere_are_reported(library: Path) -> None:
    (library / "dangling.mp3").symlink_to(library / "absent.mp3")
    (library / "self.mp3").symlink_to(library / "self.mp3")
    (library / "dangling.txt").symlink_to(library / "absent.txt")
    assert problems(walk(library)) == {b"dangling.mp3": "dangling_link", b"self.mp3": "dangling_link"}


def test_cycles_of_links_end(library: Path) -> None:
    put(library, "a/1.mp3", "b/2.mp3")
    (library / "a" / "up").symlink_to(library)
    (library / "a" / "self").symlink_to(library / "a")
    (library / "a" / "to b").symlink_to(library / "b")
    (library / "b" / "to a").symlink_to(library / "a")
    (library / "b" / "loop").symlink_to(library / "b" / "loop")
    assert files(walk(library)) == [b"a/1.mp3", b"b/2.mp3"]
    assert problems(walk(library)) == {b"b/loop": "dangling_link"}
    assert [folder.passed_over["links"] for folder in walk(library)] == [0, 3, 1]


def test_links_to_files_are_followed_within_all_roots_and_not_beyond(library: Path, tmp_path: Path) -> None:
    other, outside = tmp_path / "other", tmp_path / "outside"
    put(library, ".store/1.mp3")
    put(other, "2.mp3")
    put(outside, "3.mp3")
    (library / "1.mp3").symlink_to(library / ".store" / "1.mp3")
    (library / "2.mp3").symlink_to(other / "2.mp3")
    (library / "3.mp3").symlink_to(outside / "3.mp3")
    (library / "folder").symlink_to(outside)
    found = walk(library, other)
    assert files(found) == [b"1.mp3", b"2.mp3"]
    assert problems(found) == {b"3.mp3": "link_outside", b"folder": "link_outside"}
    messages = [problem.message for folder in found for problem in folder.problems]
    assert all(str(outside) in message and "EARWISE_LIBRARY" in message for message in messages)


def test_links_to_folders_that_no_scan_looks_into_are_reported(library: Path, tmp_path: Path) -> None:
    other = tmp_path / ".other"
    for folder in (library / ".store" / "albums", library / "a" / "@eaDir", library / "a" / "seen", other / "b"):
        folder.mkdir(parents=True)
        (folder / "1.mp3").touch()
    (library / "Albums").symlink_to(library / ".store" / "albums")
    (library / "System").symlink_to(library / "a" / "@eaDir")
    (library / "Seen").symlink_to(library / "a" / "seen")
    (library / "Other").symlink_to(other / "b")
    roots = (Root("music", library), Root("other", other))
    found = list(walk_root(roots[0], roots))
    assert problems(found) == {b"Albums": "link_hidden", b"System": "link_hidden"}
    assert found[0].passed_over["links"] == 2
    own = (Root("music", library), Root("other", other), Root("store", library / ".store" / "albums"))
    assert problems(list(walk_root(own[0], own))) == {b"System": "link_hidden"}, "it is a root of its own"


def test_root_may_be_a_link_itself(library: Path, tmp_path: Path) -> None:
    put(library, "1.mp3")
    (tmp_path / "link").symlink_to(library)
    (tmp_path / "library" / "again.mp3").symlink_to(library / "1.mp3")
    assert files(walk(tmp_path / "link")) == [b"1.mp3", b"again.mp3"]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Make the system refuse to list a folder, which it never does to root."""
    listing, refused = os.scandir, set[bytes]()

    def scandir(folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        if folder.rstrip(b"/") in refused:
            raise PermissionError(13, "Permission denied", folder)
        return listing(folder)

    monkeypatch.setattr(scan.os, "scandir", scandir)
    return lambda folder: refused.add(os.fsencode(folder))


def test_folder_without_permission_is_reported_and_the_rest_goes_on(
    library: Path, refuse: Callable[[Path], None]
) -> None:
    put(library, "a/1.mp3", "b/2.mp3", "c/3.mp3")
    refuse(library / "b")
    found = walk(library)
    assert files(found) == [b"a/1.mp3", b"c/3.mp3"]
    assert problems(found) == {b"b": "unreadable_folder"}
    assert [folder.location.path for folder in found if not folder.is_readable] == [b"b"]
    assert "Permission denied" in next(problem.message for folder in found for problem in folder.problems)


def test_root_that_can_not_be_listed_is_an_error(library: Path, refuse: Callable[[Path], None]) -> None:
    refuse(library)
    with pytest.raises(LibraryError, match="Permission denied"):
        walk(library)


def test_root_that_is_absent_or_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match=r"absent can't be read.*No such file"):
        walk(tmp_path / "absent")
    with pytest.raises(LibraryError, match="Not a directory"):
        walk(tmp_path / "file")


def test_file_that_can_not_be_looked_at_is_reported_as_still_there(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "a.mp3")

    class Entry:
        name, path = b"a.mp3", b"a.mp3"

        def is_dir(self, *, follow_symlinks: bool) -> bool:
            return False

        def is_symlink(self) -> bool:
            return False

        def stat(self) -> os.stat_result:
            raise OSError(5, "Input/output error")

    class Listing:
        def __enter__(self) -> list[Entry]:
            return [Entry()]

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(scan.os, "scandir", lambda folder: Listing())
    (root,) = walk(library)
    assert root.unseen == {b"a.mp3"}
    assert problems([root]) == {b"a.mp3": "unreadable_entry"}


def test_every_code_of_a_problem_is_listed() -> None:
    source = Path(scan.__file__).read_text("utf-8")
    assert all(source.count(f'"{code}"') >= 2 for code in PROBLEM_CODES)
