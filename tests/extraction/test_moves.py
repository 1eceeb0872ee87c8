"""A file that moved takes its track along, so that nobody misses the track until the file is analysed again."""

from __future__ import annotations

import dataclasses
import os
import shutil
from itertools import count
from pathlib import Path

import pytest

from earwise.errors import LibraryError, StoreError
from earwise.extraction.scanning import scan_library
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store.folders import Folders
from earwise.store.tracks import Tracks, TrackState
from tests.extraction.conftest import NOW, Extraction
from tests.extraction.test_scanning import analyse, known, put


def test_moved_file_takes_its_track_along_before_it_is_analysed_again(extraction: Extraction, library: Path) -> None:
    put(library, "a/1.mp3", "a/2.mp3", "b/3.mp3", "z/9.mp3")
    extraction.scan()
    for path, track in ((b"a/1.mp3", "aa"), (b"a/2.mp3", "bb"), (b"b/3.mp3", "cc"), (b"z/9.mp3", "dd")):
        analyse(extraction, path, track)
    (library / "a" / "1.mp3").rename(library / "a" / "renamed.mp3")
    (library / "a" / "2.mp3").rename(library / "new.mp3")
    (library / "b").rename(library / "x")
    (library / "z" / "9.mp3").unlink()
    extraction.scan()
    for track_id, path in (("aa", b"a/renamed.mp3"), ("bb", b"new.mp3"), ("cc", b"x/3.mp3")):
        track = extraction.store.tracks.get(track_id)
        assert (track.state, [file.location.path for file in track.files]) == (TrackState.READY, [path])
        entry = extraction.store.folders.get(LibraryPath("music", path).parent).files[path.rpartition(b"/")[2]]
        assert (entry.track_id, entry.analysed_version) == (track_id, None)
    assert extraction.store.tracks.get("dd").state is TrackState.MISSING


def test_copies_of_one_size_and_time_are_told_apart_by_name_or_not_at_all(
    extraction: Extraction, library: Path
) -> None:
    for name in ("1.mp3", "2.mp3"):
        put(library, f"a/{name}")
        os.utime(library / "a" / name, ns=(5, 5))
        (library / "a" / name).write_bytes(b"alike")
        os.utime(library / "a" / name, ns=(5, 5))
    put(library, "stays.mp3")
    extraction.scan()
    analyse(extraction, b"a/1.mp3", "aa")
    analyse(extraction, b"a/2.mp3", "bb")
    (library / "a").rename(library / "b")
    extraction.scan()
    assert [file.location.path for file in extraction.store.tracks.get("aa").files] == [b"b/1.mp3"]
    analyse(extraction, b"b/1.mp3", "aa")
    analyse(extraction, b"b/2.mp3", "bb")
    (library / "b" / "1.mp3").rename(library / "b" / "3.mp3")
    (library / "b" / "2.mp3").rename(library / "b" / "4.mp3")
    extraction.scan()
    assert {extraction.store.tracks.get(track).state for track in ("aa", "bb")} == {TrackState.MISSING}


def test_file_that_was_there_already_takes_no_track_of_one_that_is_gone(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "2.mp3", "a/3.mp3")
    for path in ("1.mp3", "2.mp3"):
        (library / path).write_bytes(b"alike")
        os.utime(library / path, ns=(5, 5))
    extraction.scan()
    analyse(extraction, b"1.mp3", "aa")
    (library / "1.mp3").unlink()
    extraction.scan()
    assert extraction.store.tracks.get("aa").state is TrackState.MISSING


def test_move_that_was_broken_off_is_finished_by_the_next_scan(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "b/1.mp3", "stays.mp3")
    extraction.scan()
    analyse(extraction, b"b/1.mp3", "aa")

    def refuse(*_: object) -> None:
        raise StoreError("MongoDB did not answer.")

    for place, (kind, method) in enumerate(
        ((Folders, "put"), (Tracks, "move_file"), (Tracks, "remove_file"), (Folders, "put_many"), (Folders, "remove"))
    ):
        (library / f"{'bca'[place % 3]}").rename(library / f"{'bca'[(place + 1) % 3]}")
        with monkeypatch.context() as patch, pytest.raises(StoreError):
            patch.setattr(kind, method, refuse)
            extraction.scan()
        extraction.scan()
        path = f"{'bca'[(place + 1) % 3]}/1.mp3".encode()
        assert known(extraction.store) == [b"stays.mp3", path]
        analyse(extraction, path, "aa")
        track = extraction.store.tracks.get("aa")
        assert [file.location.path for file in track.files] == [path]


MANY = 25
BREAKS = [
    (Folders, "let_leave", 3),
    (Folders, "put", 3),
    (Tracks, "move_file", 12),
    (Tracks, "remove_file", 12),
    (Folders, "put_many", 5),
    (Folders, "remove", 2),
]


def fill(extraction: Extraction, library: Path) -> None:
    """Know more files, in five folders of five, than may be lost at once."""
    put(library, "stays.mp3", *(f"a/{number % 5}/{number}.mp3" for number in range(MANY)))
    extraction.scan()
    for number in range(MANY):
        analyse(extraction, f"a/{number % 5}/{number}.mp3".encode(), f"{number:02}")


def break_off(patch: pytest.MonkeyPatch, kind: type, method: str, after: int) -> None:
    """Let the store give up after so many writes of a kind."""
    write, calls = getattr(kind, method), count()

    def refuse_later(*arguments: object) -> object:
        if next(calls) >= after:
            raise StoreError("MongoDB did not answer.")
        return write(*arguments)

    patch.setattr(kind, method, refuse_later)


@pytest.mark.parametrize(("kind", "method", "after"), BREAKS)
@pytest.mark.parametrize("root", ["music", "cds"])
def test_great_move_or_renamed_root_that_was_broken_off_is_finished_by_the_next_scan(
    extraction: Extraction,
    library: Path,
    monkeypatch: pytest.MonkeyPatch,
    root: str,
    kind: type,
    method: str,
    after: int,
) -> None:
    fill(extraction, library)
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root(root, library),))
    if root == "music":
        (library / "a").rename(library / "b")
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        break_off(patch, kind, method, after)
        extraction.scan()
    extraction.scan()
    assert extraction.scan().vanished == 0
    folder = b"b" if root == "music" else b"a"
    now_known = {folder + b"/%d/%d.mp3" % (number % 5, number) for number in range(MANY)}
    assert set(known(extraction.store, root)) == {b"stays.mp3", *now_known}
    if root == "cds":
        assert known(extraction.store) == []
    tracks = [extraction.store.tracks.get(f"{number:02}") for number in range(MANY)]
    places = {file.location for track in tracks if track is not None for file in track.files}
    assert places <= {LibraryPath(root, path) for path in now_known}


def test_what_vanishes_after_a_scan_that_was_broken_off_is_counted_all_the_same(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(extraction, library)
    put(library, *(f"c/{number}.mp3" for number in range(20)))
    extraction.scan()
    (library / "a").rename(library / "b")
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        break_off(patch, Folders, "remove", 0)
        extraction.scan()
    shutil.rmtree(library / "c")
    with pytest.raises(LibraryError, match="20 of 71 files"):
        extraction.scan()


@pytest.mark.parametrize("is_root_left", [False, True])
def test_loss_that_was_said_to_be_meant_need_not_be_said_again_for_a_scan_that_was_broken_off(
    extraction: Extraction, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_root_left: bool
) -> None:
    fill(extraction, library)
    if is_root_left:
        put(tmp_path / "other", "other.mp3")
        extraction.settings = dataclasses.replace(extraction.settings, library=(Root("other", tmp_path / "other"),))
    else:
        shutil.rmtree(library / "a")
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        break_off(patch, Folders, "remove", 2)
        scan_library(extraction.store, extraction.settings.library, NOW, accept_losses=True)
    extraction.scan()
    assert known(extraction.store) == ([] if is_root_left else [b"stays.mp3"])
    assert extraction.store.tracks.count_ready() == 0


def test_file_that_is_back_after_a_scan_that_was_broken_off_stays_once_it_is_heard(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(extraction, library)
    (library / "a").rename(library / "b")
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        break_off(patch, Folders, "put", 0)
        extraction.scan()
    (library / "b").rename(library / "a")
    extraction.scan()
    for number in range(MANY):
        analyse(extraction, f"a/{number % 5}/{number}.mp3".encode(), f"{number:02}")
    shutil.rmtree(library / "a")
    with pytest.raises(LibraryError, match="25 of 26 files"):
        extraction.scan()
