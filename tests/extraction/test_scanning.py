"""A scan writes what differs and nothing else, and never takes a missing disk for an empty library."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwise.errors import LibraryError, StoreError
from earwise.extraction import scanning
from earwise.extraction.losses import LossLimits
from earwise.extraction.scanning import scan_library
from earwise.library import scan
from earwise.paths import LibraryPath
from earwise.root import DEMO_ROOT, Root
from earwise.store import Store
from earwise.store.folders import FileEntry, Folder, Folders
from earwise.store.tracks import Tags, Track, TrackFile, TrackState
from tests.extraction.conftest import NOW, Extraction, Snapshot


def put(library: Path, *paths: str) -> None:
    for path in paths:
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_bytes(path.encode())


def known(store: Store, root: str = "music") -> list[bytes]:
    return [
        folder.location.child(name).path for folder in store.folders.read_root(root) for name in sorted(folder.files)
    ]


def analyse(extraction: Extraction, path: bytes, track_id: str) -> LibraryPath:
    """Make a file look as if it had become a track."""
    file = LibraryPath("music", path)
    folder = extraction.store.folders.get(file.parent)
    assert folder is not None
    entry = dataclasses.replace(
        folder.files[file.name], analysed_version=extraction.config.feature_version, track_id=track_id
    )
    extraction.store.folders.put_entries(file.parent, {file.name: entry})
    track = Track(track_id, Tags(file.display), 180.0)
    extraction.store.tracks.put(track, TrackFile(file, entry.size_bytes, entry.mtime_ns), NOW)
    return file


def test_first_scan_finds_everything(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "a/2.ogg", "a/b/3.flac", "notes.txt")
    report = extraction.scan()
    assert report.counts == {"files": 3, "added": 3, "changed": 0, "vanished": 0, "problems": 0, "passed_over": 0}
    assert known(extraction.store) == [b"1.mp3", b"a/2.ogg", b"a/b/3.flac"]


def test_unchanged_library_is_not_written(extraction: Extraction, library: Path, snapshot: Snapshot) -> None:
    put(library, "1.mp3", "a/2.ogg", "a-b/3.ogg", "a/b/4.flac")
    os.mkfifo(library / "pipe.mp3")
    extraction.scan()
    before = snapshot()
    report = extraction.scan()
    assert report.counts == {"files": 4, "added": 0, "changed": 0, "vanished": 0, "problems": 1, "passed_over": 0}
    assert snapshot() == before


def test_changed_file_becomes_pending_and_remembers_its_track(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "2.mp3")
    extraction.scan()
    analyse(extraction, b"1.mp3", "aa")
    analyse(extraction, b"2.mp3", "bb")
    (library / "1.mp3").write_bytes(b"something else")
    assert extraction.scan().changed == 1
    files = extraction.store.folders.get(LibraryPath("music", b"")).files
    assert (files[b"1.mp3"].analysed_version, files[b"1.mp3"].track_id) == (None, "aa")
    assert files[b"2.mp3"].analysed_version == extraction.config.feature_version


def test_track_goes_missing_with_its_last_file(extraction: Extraction, library: Path) -> None:
    put(library, "a/1.mp3", "a/2.mp3", "b/3.mp3")
    extraction.scan()
    for path, track in ((b"a/1.mp3", "aa"), (b"a/2.mp3", "bb"), (b"b/3.mp3", "aa")):
        analyse(extraction, path, track)
    shutil.rmtree(library / "a")
    assert extraction.scan().vanished == 2
    assert extraction.store.tracks.get("aa").state is TrackState.READY
    assert extraction.store.tracks.get("bb").state is TrackState.MISSING
    assert known(extraction.store) == [b"b/3.mp3"]


def test_vanished_file_leaves_the_quarantine(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "2.mp3")
    extraction.scan()
    extraction.store.quarantine.put(LibraryPath("music", b"1.mp3"), "silent", "Nothing to hear.", NOW)
    (library / "1.mp3").unlink()
    extraction.scan()
    assert extraction.codes() == {}


def test_entries_that_can_not_be_looked_at_are_in_quarantine_while_that_is_so(
    extraction: Extraction, library: Path
) -> None:
    put(library, "1.mp3")
    os.mkfifo(library / "pipe.mp3")
    (library / "link.mp3").symlink_to("/etc")
    (library / "dangling.mp3").symlink_to("nowhere")
    extraction.scan()
    expected = {"pipe.mp3": "not_a_file", "link.mp3": "link_outside", "dangling.mp3": "dangling_link"}
    assert extraction.codes() == expected
    (library / "dangling.mp3").unlink()
    extraction.scan()
    assert extraction.codes() == {"pipe.mp3": "not_a_file", "link.mp3": "link_outside"}


def test_files_below_a_folder_without_permission_do_not_vanish(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    put(library, "a/1.mp3", "a-b/2.mp3", "a/b/3.mp3", "c/4.mp3")
    extraction.scan()
    analyse(extraction, b"a/b/3.mp3", "aa")
    before = snapshot()
    listing = os.scandir

    def scandir(folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        if folder == os.fsencode(library / "a"):
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    with monkeypatch.context() as patch:
        patch.setattr(scan.os, "scandir", scandir)
        report = extraction.scan()
    assert report.counts == {"files": 4, "added": 0, "changed": 0, "vanished": 0, "problems": 1, "passed_over": 0}
    assert extraction.codes() == {"a": "unreadable_folder"}
    assert {**snapshot(), "quarantine": []} == {**before, "quarantine": []}
    extraction.scan()
    assert extraction.codes() == {}


def test_many_folders_that_can_not_be_listed_take_no_longer_than_others(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def walk(*_: object) -> Iterator[scan.FoundFolder]:
        for number in range(20_000):
            yield scan.FoundFolder(LibraryPath("music", b"%05d" % number), is_readable=False)

    monkeypatch.setattr(scanning, "walk_root", walk)
    began = time.monotonic()
    assert extraction.scan().files == 0
    assert time.monotonic() - began < 10, "each was compared with all before it"


def test_absent_root_changes_nothing(extraction: Extraction, library: Path, snapshot: Snapshot) -> None:
    put(library, "1.mp3")
    extraction.scan()
    before = snapshot()
    library.rename(library.parent / "unmounted")
    with pytest.raises(LibraryError, match="No such file"):
        extraction.scan()
    assert snapshot() == before


def test_root_that_has_become_empty_changes_nothing(extraction: Extraction, library: Path, snapshot: Snapshot) -> None:
    put(library, "a/1.mp3")
    extraction.scan()
    before = snapshot()
    shutil.rmtree(library / "a")
    with pytest.raises(LibraryError, match="Is its disk mounted"):
        extraction.scan()
    assert snapshot() == before


def test_library_without_a_root_is_an_error(extraction: Extraction) -> None:
    extraction.settings = dataclasses.replace(extraction.settings, library=())
    with pytest.raises(LibraryError, match="EARWISE_LIBRARY"):
        extraction.scan()


def test_great_loss_changes_nothing(extraction: Extraction, library: Path, snapshot: Snapshot) -> None:
    put(library, *(f"a/{n}.mp3" for n in range(20)), *(f"b/{n}.mp3" for n in range(40)))
    extraction.scan()
    before = snapshot()
    shutil.rmtree(library / "a")
    put(library, "c/new.mp3")
    with pytest.raises(LibraryError, match="20 of 60 files"):
        extraction.scan()
    assert snapshot() == before


def test_files_that_stayed_are_not_taken_for_lost_ones_of_the_same_size_and_time(
    extraction: Extraction, library: Path
) -> None:
    put(library, *(f"{n}.mp3" for n in range(60)))
    for file in library.iterdir():
        os.utime(file, (1, 1))
    extraction.scan()
    for n in range(20):
        (library / f"{n}.mp3").unlink()
    with pytest.raises(LibraryError, match="20 of 60 files"):
        extraction.scan()


@pytest.mark.parametrize("stay", [0, 40])
def test_great_loss_is_believed_when_it_is_said_to_be_meant(extraction: Extraction, library: Path, stay: int) -> None:
    put(library, *(f"a/{n}.mp3" for n in range(20)), *(f"b/{n}.mp3" for n in range(stay)))
    extraction.scan()
    shutil.rmtree(library / "a")
    with pytest.raises(LibraryError, match="with accept_losses, and 'music' as the root"):
        extraction.scan()
    report = scan_library(extraction.store, extraction.settings.library, NOW, accept_losses=True)
    assert (report.files, report.vanished, len(known(extraction.store))) == (stay, 20, stay)
    assert extraction.scan().vanished == 0


@pytest.mark.parametrize(("files", "share"), [(2, 0.1), (6, 0.1), (2, 0.7)])
def test_what_is_a_great_loss_can_be_set(extraction: Extraction, library: Path, files: int, share: float) -> None:
    put(library, *(f"a/{n}.mp3" for n in range(5)), *(f"b/{n}.mp3" for n in range(5)))
    extraction.scan()
    shutil.rmtree(library / "a")
    limits = LossLimits(files, share)
    if files <= 5 and share < 0.5:
        with pytest.raises(LibraryError, match="5 of 10 files"):
            scan_library(extraction.store, extraction.settings.library, NOW, limits=limits)
    else:
        assert scan_library(extraction.store, extraction.settings.library, NOW, limits=limits).vanished == 5


@pytest.mark.parametrize(("gone", "stay"), [(19, 1), (20, 80)])
def test_loss_of_few_files_or_a_small_share_is_believed(
    extraction: Extraction, library: Path, gone: int, stay: int
) -> None:
    put(library, *(f"a/{n}.mp3" for n in range(gone)), *(f"b/{n}.mp3" for n in range(stay)))
    extraction.scan()
    shutil.rmtree(library / "a")
    assert extraction.scan().vanished == gone
    assert len(known(extraction.store)) == stay


def test_moving_everything_is_no_loss(extraction: Extraction, library: Path) -> None:
    put(library, *(f"a/{n:03}.mp3" for n in range(50)))
    extraction.scan()
    (library / "a").rename(library / "z")
    report = extraction.scan()
    assert (report.added, report.vanished) == (50, 50)
    assert len(known(extraction.store)) == 50


def test_moving_from_one_root_to_another_is_no_loss(extraction: Extraction, library: Path, tmp_path: Path) -> None:
    vinyl = tmp_path / "vinyl"
    put(vinyl, "1.mp3")
    put(library, "2.mp3", *(f"a/{n:03}.mp3" for n in range(50)))
    extraction.settings = dataclasses.replace(
        extraction.settings, library=(Root("music", library), Root("vinyl", vinyl))
    )
    extraction.scan()
    (library / "a").rename(vinyl / "a")
    assert extraction.scan().vanished == 50
    assert (len(known(extraction.store)), len(known(extraction.store, "vinyl"))) == (1, 51)


def test_loss_in_one_root_changes_no_other(extraction: Extraction, library: Path, tmp_path: Path) -> None:
    vinyl = tmp_path / "vinyl"
    put(vinyl, "1.mp3")
    put(library, "1.mp3")
    extraction.settings = dataclasses.replace(
        extraction.settings, library=(Root("music", library), Root("vinyl", vinyl))
    )
    extraction.scan()
    put(library, "2.mp3")
    shutil.rmtree(vinyl)
    with pytest.raises(LibraryError, match="vinyl"):
        extraction.scan()
    assert known(extraction.store) == [b"1.mp3"]


def test_root_that_leaves_the_settings_takes_its_files_along_when_that_is_said_to_be_meant(
    extraction: Extraction, library: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    put(library, "1.mp3")
    extraction.scan()
    analyse(extraction, b"1.mp3", "aa")
    other = tmp_path / "other"
    put(other, "2.mp3")
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root("other", other),))
    before = snapshot()
    with pytest.raises(LibraryError, match=r"'music' any more, of which 1 files .* with accept_losses while the disks"):
        extraction.scan()
    assert snapshot() == before
    scan_library(extraction.store, extraction.settings.library, NOW, accept_losses=True)
    assert extraction.store.tracks.get("aa").state is TrackState.MISSING
    assert (known(extraction.store), known(extraction.store, "other")) == ([], [b"2.mp3"])


@pytest.mark.parametrize("changed", [1, 4])
def test_root_under_another_name_is_no_loss_while_most_of_its_files_are_there(
    extraction: Extraction, library: Path, changed: int
) -> None:
    put(library, *(f"{n}.mp3" for n in range(5)))
    extraction.scan()
    for n in range(changed):
        (library / f"{n}.mp3").write_bytes(b"other content")
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root("cds", library),))
    limits = LossLimits(files=2)
    if changed == 1:
        assert scan_library(extraction.store, extraction.settings.library, NOW, limits=limits).added == 5
    else:
        with pytest.raises(LibraryError, match="'music' any more"):
            scan_library(extraction.store, extraction.settings.library, NOW, limits=limits)


def test_demo_library_leaves_as_soon_as_there_is_another(extraction: Extraction, library: Path, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    put(demo, "1.mp3")
    own = extraction.settings.library
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root(DEMO_ROOT, demo),))
    extraction.scan()
    put(library, "2.mp3")
    extraction.settings = dataclasses.replace(extraction.settings, library=own)
    extraction.scan()
    assert (known(extraction.store, DEMO_ROOT), known(extraction.store)) == ([], [b"2.mp3"])


def test_root_mounted_elsewhere_is_the_same(extraction: Extraction, library: Path, snapshot: Snapshot) -> None:
    put(library, "a/1.mp3", "2.mp3")
    extraction.scan()
    before = snapshot()
    moved = library.rename(library.parent / "mounted elsewhere")
    extraction.settings = dataclasses.replace(extraction.settings, library=(Root("music", moved),))
    extraction.scan()
    assert snapshot() == before


def test_scan_that_was_broken_off_is_finished_by_the_next(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(library, "a/1.mp3", "b/2.mp3", "c/3.mp3")
    extraction.scan()
    analyse(extraction, b"a/1.mp3", "aa")
    (library / "a" / "1.mp3").unlink()
    put(library, "b/new.mp3")

    def refuse(*_: object) -> None:
        raise StoreError("MongoDB did not answer.")

    for method in ("remove", "put_many"):
        with monkeypatch.context() as patch, pytest.raises(StoreError):
            patch.setattr(Folders, method, refuse)
            extraction.scan()
    extraction.scan()
    assert extraction.store.tracks.get("aa").state is TrackState.MISSING
    assert known(extraction.store) == [b"b/2.mp3", b"b/new.mp3", b"c/3.mp3"]


def test_scan_agrees_with_folders_that_the_store_holds_in_any_order(extraction: Extraction, library: Path) -> None:
    paths = ["Z/1.mp3", "a/1.mp3", "a b/1.mp3", "a-b/1.mp3", "a/b/1.mp3", "aaaa/1.mp3", "é/1.mp3"]
    put(library, *paths)
    for path in reversed(paths):
        status = (library / path).stat()
        location = LibraryPath("music", path.encode())
        entry = FileEntry(status.st_size, status.st_mtime_ns, "mfcc-1", "aa")
        extraction.store.folders.put(Folder(location.parent, {location.name: entry}))
    assert extraction.scan().counts == {
        "files": 7,
        "added": 0,
        "changed": 0,
        "vanished": 0,
        "problems": 0,
        "passed_over": 0,
    }


@pytest.mark.slow
def test_folder_of_sixty_thousand_files_is_like_any_other(
    extraction: Extraction, library: Path, snapshot: Snapshot
) -> None:
    for number in range(60_000):
        (library / f"{number:06} {'a long name ' * 15}.mp3").touch()
    put(library, "a/1.mp3")
    assert extraction.scan().added == 60_001
    analyse(extraction, os.fsencode(f"{59_999:06} {'a long name ' * 15}.mp3"), "aa")
    before = snapshot()
    assert extraction.scan().counts == {
        "files": 60_001,
        "added": 0,
        "changed": 0,
        "vanished": 0,
        "problems": 0,
        "passed_over": 0,
    }
    assert snapshot() == before
    (library / f"{59_999:06} {'a long name ' * 15}.mp3").unlink()
    assert extraction.scan().vanished == 1
    assert extraction.store.tracks.get("aa").state is TrackState.MISSING
