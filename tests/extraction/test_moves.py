"""A file that moved takes its track along, so that nobody misses the track until the file is analysed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from earwise.errors import StoreError
from earwise.paths import LibraryPath
from earwise.store.folders import Folders
from earwise.store.tracks import Tracks, TrackState
from tests.extraction.conftest import Extraction
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
