"""Files that are back after a scan was broken off, or after a setting was wrong, get their tracks back."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from earwise.errors import StoreError
from earwise.extraction.scanning import scan_library
from earwise.library import scan
from earwise.library.scan import FoundFile
from earwise.root import Root
from earwise.store import Store
from earwise.store.folders import Folders
from earwise.store.quarantine import Quarantine
from earwise.store.tracks import Tracks
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction

_CUTS = [
    pytest.param(Folders, "put_entries", 0, marks=pytest.mark.slow),
    (Folders, "put_entries", 1),
    (Tracks, "remove_file", 0),
    pytest.param(Tracks, "remove_file", 2, marks=pytest.mark.slow),
    pytest.param(Quarantine, "remove", 0, marks=pytest.mark.slow),
    pytest.param(Quarantine, "remove", 2, marks=pytest.mark.slow),
    pytest.param(Folders, "put_many", 0, marks=pytest.mark.slow),
    (Folders, "remove", 0),
    pytest.param(Folders, "remove", 1, marks=pytest.mark.slow),
]


def write_tones(library: Path, *paths: str) -> None:
    for number, path in enumerate(paths):
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        write_tone(library / path, number)


def refuse_after(patch: pytest.MonkeyPatch, kind: type, method: str, calls: int) -> None:
    """Let a method of the store work a number of times, and then never again."""
    real, left = getattr(kind, method), iter(range(calls))

    def work(*given: object) -> object:
        if next(left, None) is None:
            raise StoreError("MongoDB did not answer.")
        return real(*given)

    patch.setattr(kind, method, work)


def tracks_of_files(store: Store) -> dict[bytes, str]:
    found = [store.tracks.get(track_id) for track_id in store.tracks.ready_ids()]
    return {file.location.path: track.track_id for track in found if track for file in track.files}


@pytest.mark.parametrize(("kind", "method", "calls"), _CUTS)
def test_files_that_are_back_after_a_scan_that_was_broken_off_have_their_tracks(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, kind: type, method: str, calls: int
) -> None:
    write_tones(library, "a/0.wav", "a/1.wav", "b/2.wav", "c/3.wav")
    (library / "b" / "noise.wav").write_bytes(b"noise" * 100)
    extraction.run()
    before, codes = tracks_of_files(extraction.store), extraction.codes()
    assert (len(before), len(codes)) == (4, 1)
    away = library.parent / "away"
    away.mkdir()
    for path in ("a/0.wav", "b", "c"):
        (library / path).rename(away / path[0])
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        refuse_after(patch, kind, method, calls)
        extraction.scan()
    for path in ("a/0.wav", "b", "c"):
        (away / path[0]).rename(library / path)
    extraction.run()
    assert (tracks_of_files(extraction.store), extraction.codes()) == (before, codes)
    assert extraction.run() == []


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        pytest.param(Folders, "put", marks=pytest.mark.slow),
        (Tracks, "move_file"),
        pytest.param(Tracks, "remove_file", marks=pytest.mark.slow),
    ],
)
def test_files_moved_to_and_fro_around_a_scan_that_was_broken_off_have_their_tracks(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, kind: type, method: str
) -> None:
    write_tones(library, "a/0.wav", "a/1.wav", "stays.wav")
    extraction.run()
    before = tracks_of_files(extraction.store)
    (library / "a").rename(library / "b")
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        refuse_after(patch, kind, method, 0 if method == "put" else 1)
        extraction.scan()
    (library / "b").rename(library / "a")
    extraction.run()
    assert tracks_of_files(extraction.store) == before


@pytest.mark.parametrize("method", [None, "remove"])
def test_root_that_left_the_settings_comes_back_whole(
    extraction: Extraction, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str | None
) -> None:
    vinyl = tmp_path / "vinyl"
    write_tones(tmp_path, *(f"{folder}/{number}.wav" for folder in ("library", "vinyl") for number in range(3)))
    right = dataclasses.replace(extraction.settings, library=(Root("music", library), Root("vinyl", vinyl)))
    wrong = dataclasses.replace(extraction.settings, library=(Root("music", library),))
    extraction.settings = right
    extraction.run()
    before = sorted(extraction.store.tracks.ready_ids())
    for track_id in before:
        extraction.store.ratings.set_stars("ann", track_id, 5, NOW)
    extraction.settings = wrong
    with monkeypatch.context() as patch:
        if method is None:
            scan_library(extraction.store, extraction.settings.roots, NOW, accept_losses=True)
        else:
            refuse_after(patch, Folders, method, 0)
            with pytest.raises(StoreError):
                scan_library(extraction.store, extraction.settings.roots, NOW, accept_losses=True)
    assert extraction.store.tracks.count_ready() == 3
    extraction.settings = right
    (report,) = extraction.run()
    assert report.decoded == 0, "features outlive their files"
    assert sorted(extraction.store.tracks.ready_ids()) == before
    assert {extraction.store.ratings.marks("ann", track_id).stars for track_id in before} == {5}


@pytest.mark.parametrize("has_been_a_track", [False, True])
def test_file_that_failed_is_tried_again_after_it_could_not_be_looked_at(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, has_been_a_track: bool
) -> None:
    write_tone(library / "1.wav", 1)
    if has_been_a_track:
        write_tone(library / "noise.wav", 2)
        extraction.run()
    (library / "noise.wav").write_bytes(b"noise" * 100)
    extraction.run()
    before = extraction.codes()
    assert list(before) == ["noise.wav"]
    look_at = scan._look_at

    def refuse(entry: os.DirEntry[bytes], inside: list[bytes]) -> FoundFile | None:
        if entry.name == b"noise.wav":
            raise scan._EntryProblemError("unreadable_entry", "Input/output error.")
        return look_at(entry, inside)

    with monkeypatch.context() as patch:
        patch.setattr(scan, "_look_at", refuse)
        extraction.run()
        assert extraction.codes() == {"noise.wav": "unreadable_entry"}
    extraction.run()
    assert extraction.codes() == before
    assert extraction.run() == []


def test_file_of_a_time_beyond_what_a_listing_holds_is_like_any_other(extraction: Extraction, library: Path) -> None:
    write_tones(library, "1.wav", "2.wav", "3.wav")
    os.utime(library / "1.wav", ns=(10**19, 10**19))
    os.utime(library / "2.wav", ns=(-(10**18), -(10**18)))
    extraction.run()
    assert extraction.store.tracks.count_ready() == 3
    assert extraction.scan().changed == 0
    os.utime(library / "1.wav", ns=(0, 0))
    assert extraction.scan().changed == 1
