"""A disk, an archive or a bucket that goes away while its files are analysed costs no track its file."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from earwise.errors import LibraryError, UnreadableFileError
from earwise.extraction import absence, knocking, link
from earwise.extraction.absence import check_absence
from earwise.extraction.losses import LossLimits
from earwise.paths import LibraryPath
from earwise.root import Root
from tests.audio import write_tone
from tests.extraction.conftest import Extraction

FAULTY_WORKER = (sys.executable, str(Path(__file__).with_name("faulty_worker.py")))


def fill(library: Path, files: int) -> None:
    """Write so many files of one recording."""
    library.mkdir(exist_ok=True)
    write_tone(library / "0.wav", 0, duration_s=1.2)
    for number in range(1, files):
        shutil.copy(library / "0.wav", library / f"{number}.wav")


def revise(extraction: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every file analysed again, without another scan before."""
    extraction.config = dataclasses.replace(extraction.config, revision=99)
    monkeypatch.setattr(extraction, "scan", lambda: None)


def files_of_the_track(extraction: Extraction) -> int:
    (track_id,) = extraction.store.tracks.ready_ids()
    return len(extraction.store.tracks.get(track_id).files)


@pytest.mark.parametrize("is_mount_point_left", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_root_that_goes_away_after_the_scan_fails_the_batch_alone(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, is_mount_point_left: bool
) -> None:
    fill(library, 3)
    extraction.run()
    with monkeypatch.context() as patch:
        revise(extraction, patch)
        library.rename(library.with_name("away"))
        if is_mount_point_left:
            library.mkdir()
        with pytest.raises(LibraryError, match="None of them was quarantined"):
            extraction.run()
    assert (extraction.codes(), files_of_the_track(extraction)) == ({}, 3)
    if is_mount_point_left:
        library.rmdir()
    library.with_name("away").rename(library)
    (report,) = extraction.run()
    assert (report.analysed, report.failures, files_of_the_track(extraction)) == (3, {}, 3)


def test_disk_below_a_root_that_goes_away_after_the_scan_fails_the_batch_alone(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(library / "disk", 20)
    write_tone(library / "stays.wav", 1, duration_s=1.2)
    extraction.scan()
    monkeypatch.setattr(extraction, "scan", lambda: None)
    (library / "disk").rename(library.with_name("away"))
    with pytest.raises(LibraryError, match="20 of 21 files"):
        extraction.run()
    assert (extraction.codes(), extraction.store.tracks.count_ready()) == ({}, 1)
    library.with_name("away").rename(library / "disk")
    extraction.run()
    assert extraction.store.tracks.count_ready() == 2


def test_known_track_keeps_a_file_that_can_not_be_opened_for_a_while(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(library, 2)
    extraction.run()
    with monkeypatch.context() as patch:
        revise(extraction, patch)
        (library / "1.wav").rename(library.with_name("away"))
        (report,) = extraction.run()
    assert report.failures == {"unreadable": 1}
    assert (extraction.codes(), files_of_the_track(extraction)) == ({"1.wav": "unreadable"}, 2)
    library.with_name("away").rename(library / "1.wav")
    extraction.run()
    assert (extraction.codes(), files_of_the_track(extraction)) == ({}, 2)


def test_files_that_can_be_opened_and_not_read_are_no_missing_disk(
    extraction: Extraction, library: Path, tmp_path: Path
) -> None:
    fill(library, 1)
    content = (library / "0.wav").read_bytes()
    with zipfile.ZipFile(tmp_path / "music.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.wav", content)
    packed = (tmp_path / "music.zip").read_bytes()
    (tmp_path / "music.zip").write_bytes(packed.replace(content, bytes(len(content))))
    root = Root("music", tmp_path / "music.zip")
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    for _ in range(2):
        (report,) = extraction.run(retry_quarantined=True)
        assert report.failures == {"read_error": 20}


def test_archive_whose_copies_find_no_room_keeps_its_tracks(
    extraction: Extraction, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(library, 2)
    with zipfile.ZipFile(tmp_path / "music.zip", "w") as archive:
        for file in library.iterdir():
            archive.write(file, file.name)
    root = Root("music", tmp_path / "music.zip")
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    extraction.run()
    copies = extraction.settings.roots[0].copies
    assert copies is not None
    shutil.rmtree(copies.folder)
    copies.folder.touch()
    revise(extraction, monkeypatch)
    extraction.run()
    assert extraction.codes() == {"0.wav": "unreadable", "1.wav": "unreadable"}
    assert files_of_the_track(extraction) == 2


def test_disk_that_opens_files_and_can_not_read_them_quarantines_none(library: Path) -> None:
    fill(library, 20)
    files = [LibraryPath("music", f"{number}.wav".encode()) for number in range(20)]
    error = UnreadableFileError("Input/output error", code="read_error")
    with pytest.raises(LibraryError, match="None of them was quarantined"):
        check_absence(files, dict.fromkeys(files, error), (Root("music", library),), LossLimits(20, 0.2))


def add_unreadable(extraction: Extraction, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one file heard, and add twenty that are there and can't be read."""
    monkeypatch.setattr(link, "WORKER_COMMAND", FAULTY_WORKER)
    heard = extraction.settings.library[0].folder / "heard.wav"
    write_tone(heard, 1, duration_s=1.2)
    extraction.run()
    folder.mkdir(exist_ok=True)
    for number in range(20):
        shutil.copy(heard, folder / f"disk {number}.wav")
    extraction.scan()
    monkeypatch.setattr(extraction, "scan", lambda: None)


def test_files_that_can_never_be_read_are_tried_once_while_others_of_their_disk_can_be(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_unreadable(extraction, library, monkeypatch)
    monkeypatch.setattr(knocking, "is_readable", lambda file, roots: b"disk" not in file.name)
    (report,) = extraction.run()
    assert report.failures == {"read_error": 20}
    assert extraction.run() == []
    assert {file.attempts for file in extraction.store.quarantine.recent(limit=99)} == {1}
    assert extraction.store.tracks.count_ready() == 1


def test_files_of_a_disk_that_failed_for_a_moment_are_heard_by_the_next_run(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        add_unreadable(extraction, library, failing)
        (report,) = extraction.run()
        assert report.failures == {"read_error": 20}
    (report,) = extraction.run()
    assert (report.analysed, extraction.codes(), files_of_the_track(extraction)) == (20, {}, 21)


def test_files_that_begin_well_and_fail_further_on_are_tried_three_times(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_unreadable(extraction, library, monkeypatch)
    for _ in range(3):
        (report,) = extraction.run()
        assert report.failures == {"read_error": 20}
        extraction.now += timedelta(minutes=15)
    for _ in range(9):
        assert extraction.run() == []
        extraction.now += timedelta(days=1)


def test_root_of_which_nothing_can_be_read_quarantines_nothing_and_says_what_is_left(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_unreadable(extraction, library, monkeypatch)
    (library / "heard.wav").unlink()
    (library / "heard.wav").mkdir()
    for _ in range(2):
        with pytest.raises(LibraryError, match="20 of 20 files"):
            extraction.run()
    assert (extraction.codes(), extraction.report().left) == ({}, 20)
    assert extraction.store.extraction_runs.get(extraction.run_id).left == 20


def test_files_of_another_disk_say_nothing_of_one_that_is_away(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_unreadable(extraction, library / "mounted", monkeypatch)
    monkeypatch.setattr(absence, "_device_of", lambda folder, roots: len(folder.path))
    with pytest.raises(LibraryError, match="20 of 20 files"):
        extraction.run()
    assert extraction.codes() == {}
