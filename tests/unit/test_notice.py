"""What a library says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwise.notice import NOTICE_NAME, LibraryNotice, Source, read_notice, write_notice
from earwise.root import Root

NOTICE = LibraryNotice("Demo", "Openly licensed music – to try it.", (Source("wesnoth", "GPL-2+", 38),))


def test_notice_comes_back_as_it_was_written(tmp_path: Path) -> None:
    root = Root("music", tmp_path)
    write_notice(root, NOTICE)
    assert read_notice((root,)) == NOTICE


def test_first_root_that_has_a_notice_speaks(tmp_path: Path) -> None:
    silent, speaking = Root("a", tmp_path / "a"), Root("b", tmp_path / "b")
    for root in (silent, speaking):
        root.folder.mkdir()
    write_notice(speaking, NOTICE)
    assert read_notice((silent, speaking)) == NOTICE


def test_library_without_a_notice_has_none(tmp_path: Path) -> None:
    assert read_notice((Root("music", tmp_path), Root("gone", tmp_path / "gone"))) is None


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"title": "x"}', b'{"title": "x", "text": "", "sources": [1]}', b"\xff"]
)
def test_broken_notice_is_as_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / NOTICE_NAME).write_bytes(text)
    assert read_notice((Root("music", tmp_path),)) is None
