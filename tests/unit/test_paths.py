"""A path of the library leads to a file of the library or nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwise.errors import UnreadableFileError
from earwise.paths import LibraryPath
from earwise.root import Root


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Root, ...]:
    for name in ("cds", "vinyl", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.mp3").write_bytes(b"sound")
    return (Root("cds", tmp_path / "cds"), Root("vinyl", tmp_path / "vinyl"))


def test_file_of_a_root_is_located(roots: tuple[Root, ...]) -> None:
    assert LibraryPath("cds", b"a.mp3").locate(roots) == os.fsencode(roots[0].folder / "a.mp3")
    assert LibraryPath("cds", b"").locate(roots) == os.fsencode(roots[0].folder)


@pytest.mark.parametrize(
    "path", [b"../secret/a.mp3", b"x/../../secret/a.mp3", b"..", b"/etc/passwd", b"a.mp3\0.jpg", b"a/.."]
)
def test_path_that_leads_out_is_refused(roots: tuple[Root, ...], path: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="leads out"):
        LibraryPath("cds", path).locate(roots)


def test_unknown_root_is_refused(roots: tuple[Root, ...]) -> None:
    with pytest.raises(UnreadableFileError, match="no root named 'tapes'"):
        LibraryPath("tapes", b"a.mp3").locate(roots)


def test_link_out_of_the_library_is_refused(roots: tuple[Root, ...], tmp_path: Path) -> None:
    (roots[0].folder / "file.mp3").symlink_to(tmp_path / "secret" / "a.mp3")
    (roots[0].folder / "folder").symlink_to(tmp_path / "secret")
    for path in (b"file.mp3", b"folder/a.mp3"):
        with pytest.raises(UnreadableFileError, match="leads out"):
            LibraryPath("cds", path).locate(roots)


def test_link_into_another_root_is_followed(roots: tuple[Root, ...]) -> None:
    (roots[0].folder / "b.mp3").symlink_to(roots[1].folder / "a.mp3")
    assert LibraryPath("cds", b"b.mp3").locate(roots) == os.fsencode(roots[1].folder / "a.mp3")


def test_folder_whose_name_begins_like_a_root_is_not_in_it(roots: tuple[Root, ...], tmp_path: Path) -> None:
    (tmp_path / "cds-private").mkdir()
    (tmp_path / "cds-private" / "a.mp3").write_bytes(b"sound")
    (roots[0].folder / "near").symlink_to(tmp_path / "cds-private")
    with pytest.raises(UnreadableFileError, match="leads out"):
        LibraryPath("cds", b"near/a.mp3").locate(roots)


def test_root_that_is_a_link_itself_is_fine(roots: tuple[Root, ...], tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(roots[0].folder)
    linked = (Root("music", tmp_path / "linked"),)
    assert LibraryPath("music", b"a.mp3").locate(linked) == os.fsencode(roots[0].folder / "a.mp3")


def test_name_that_is_not_utf8_is_located_and_shown(roots: tuple[Root, ...]) -> None:
    path = LibraryPath("cds", b"").child(b"caf\xe9").child(b"\xff.mp3")
    location = os.fsencode(roots[0].folder) + b"/caf\xe9/\xff.mp3"
    file = Path(os.fsdecode(location))
    file.parent.mkdir()
    file.write_bytes(b"sound")
    assert path.locate(roots) == location
    assert path.display == "caf\ufffd/\ufffd.mp3"


@given(st.text("ab", min_size=1), st.binary(), st.text("ab", min_size=1), st.binary())
def test_two_paths_have_one_key_only_if_they_are_one(root: str, path: bytes, other_root: str, other: bytes) -> None:
    first, second = LibraryPath(root, path), LibraryPath(other_root, other)
    assert (first.key == second.key) == (first == second)
    assert len(first.key) == 24
