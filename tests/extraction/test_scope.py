"""A run that is limited to a part of the library believes what is known of the rest."""

from __future__ import annotations

import dataclasses
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from earwise.errors import LibraryError
from earwise.extraction.planning import plan_batches
from earwise.extraction.report import report_run
from earwise.extraction.scanning import scan_library
from earwise.extraction.scope import find_scope
from earwise.paths import LibraryPath
from earwise.root import Copies, Root
from earwise.store import Store
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction, Snapshot
from tests.extraction.test_scanning import known, put

MUSIC, CDS = Root("music", Path("/srv/music")), Root("cds", Path("/srv/cds"))
OPTIONAL = Root("fma", Path("/srv/fma.zip"), is_optional=True)


@pytest.mark.parametrize(
    ("root", "path", "found"),
    [
        (None, None, None),
        ("", " ".strip(), None),
        ("cds", None, LibraryPath("cds", b"")),
        ("cds", "Ben/Live/", LibraryPath("cds", b"Ben/Live")),
        ("cds", "./Ben//./Live/.", LibraryPath("cds", b"Ben/Live")),
        ("cds", ".", LibraryPath("cds", b"")),
        (None, "/srv/music/Ben", LibraryPath("music", b"Ben")),
        (None, "/srv/cds", LibraryPath("cds", b"")),
        ("fma", "000/000002.mp3", LibraryPath("fma", b"000/000002.mp3")),
    ],
)
def test_what_people_ask_for_is_found(root: str | None, path: str | None, found: LibraryPath | None) -> None:
    assert find_scope((MUSIC, CDS, OPTIONAL), root, path) == found


def test_lone_root_need_not_be_named() -> None:
    assert find_scope((MUSIC, OPTIONAL), None, "Ben") == LibraryPath("music", b"Ben")
    assert find_scope((MUSIC, OPTIONAL), None, "./") == LibraryPath("music", b"")


@pytest.mark.parametrize(
    ("root", "path", "message"),
    [
        ("tapes", None, "There is no root 'tapes'. There are: music, cds, fma"),
        (None, "Ben", "Say which root 'Ben' is in: music, cds, fma"),
        (None, ".", "Say which root '.' is in: music, cds, fma"),
        ("cds", "../music", "leads out of the library"),
        ("cds", "./../music", "leads out of the library"),
        (None, "/", "/ is in no root"),
        (None, "/srv/musician/Ben", "is in no root"),
        ("cds", "/srv/music/Ben", "is in no root"),
    ],
)
def test_what_is_not_clear_is_refused(root: str | None, path: str | None, message: str) -> None:
    with pytest.raises(LibraryError, match=message):
        find_scope((MUSIC, CDS, OPTIONAL), root, path)


def pack(path: Path, *names: str) -> Path:
    """Write an archive of these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def scan_within(extraction: Extraction, path: bytes, root: str = "music", **options: bool) -> dict[str, int]:
    within = LibraryPath(root, path)
    return scan_library(extraction.store, extraction.settings.roots, NOW, within=within, **options).counts


def test_place_that_can_not_be_looked_at_is_not_taken_for_gone(
    extraction: Extraction, library: Path, snapshot: Snapshot
) -> None:
    put(library, "a/b/1.mp3")
    extraction.scan()
    before = snapshot()
    shutil.rmtree(library / "a")
    (library / "a").symlink_to("a")
    with pytest.raises(LibraryError, match="a/b can't be read: Too many levels of symbolic links"):
        scan_within(extraction, b"a/b")
    assert snapshot() == before


def test_rest_of_the_library_is_neither_looked_at_nor_taken_for_vanished(
    extraction: Extraction, library: Path, tmp_path: Path
) -> None:
    put(library, "1.mp3", "a/2.mp3", "a-b/3.mp3", "a/b/4.mp3", "c/5.mp3")
    put(tmp_path / "cds", "6.mp3")
    extraction.settings = dataclasses.replace(
        extraction.settings, library=(Root("music", library), Root("cds", tmp_path / "cds"))
    )
    extraction.scan()
    (library / "a" / "b" / "4.mp3").unlink()
    shutil.rmtree(library / "c")
    shutil.rmtree(tmp_path / "cds")
    put(library, "a/7.mp3", "8.mp3")
    assert scan_within(extraction, b"a") == {
        "files": 2,
        "added": 1,
        "changed": 0,
        "vanished": 1,
        "problems": 0,
        "passed_over": 0,
    }
    assert known(extraction.store) == [b"1.mp3", b"a/2.mp3", b"a/7.mp3", b"a-b/3.mp3", b"c/5.mp3"]
    assert known(extraction.store, "cds") == [b"6.mp3"]
    assert scan_within(extraction, b"")["vanished"] == 1
    assert known(extraction.store, "cds") == [b"6.mp3"]


def test_folder_that_is_gone_is_believed_within_the_same_limits(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "a/2.mp3", *(f"b/{number}.mp3" for number in range(20)))
    extraction.scan()
    shutil.rmtree(library / "a")
    assert scan_within(extraction, b"a")["vanished"] == 1, "a scan of everything would believe it, too"
    shutil.rmtree(library / "b")
    with pytest.raises(
        LibraryError, match=r"20 of 20 files known in \S+/library/b are gone .* accept_losses, and 'music' as"
    ):
        scan_within(extraction, b"b")
    assert scan_within(extraction, b"b", accept_losses=True)["vanished"] == 20
    assert known(extraction.store) == [b"1.mp3"]
    shutil.rmtree(library)
    with pytest.raises(LibraryError, match="can't be read"):
        scan_within(extraction, b"a", accept_losses=True)


def test_root_that_has_become_empty_is_not_believed_where_it_is_asked_for_by_name(
    extraction: Extraction, library: Path
) -> None:
    put(library, "1.mp3")
    extraction.scan()
    (library / "1.mp3").unlink()
    with pytest.raises(LibraryError, match="holds no audio file any more, but 1 are known"):
        scan_within(extraction, b"")


def test_what_every_scan_passes_over_can_not_be_asked_for(extraction: Extraction, library: Path) -> None:
    put(library, "a/1.mp3", ".hidden/2.mp3", "notes/text.txt")
    (library / "link").symlink_to(library / "a")
    for path in (b".hidden", b"link", b"link/1.mp3"):
        with pytest.raises(LibraryError, match="passed over by every scan"):
            scan_within(extraction, path)
    with pytest.raises(LibraryError, match="neither a folder nor an audio file"):
        scan_within(extraction, b"notes/text.txt")


@pytest.mark.parametrize("path", [b"Ben/Lvie", b"Ben/Live/2.mp3", b"Bne/1.mp3"])
@pytest.mark.parametrize("is_archive", [False, True])
def test_path_that_is_neither_there_nor_known_is_refused_and_nothing_is_changed(
    extraction: Extraction, library: Path, tmp_path: Path, snapshot: Snapshot, path: bytes, is_archive: bool
) -> None:
    put(library, "Ben/Live/1.mp3")
    if is_archive:
        root = Root("music", pack(tmp_path / "music.zip", "Ben/Live/1.mp3"), copies=Copies(tmp_path, 1_000_000))
        extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    extraction.scan()
    put(library, "Ben/new.mp3")
    before = snapshot()
    with pytest.raises(LibraryError, match=f"'{path.decode()}' is not in the library: the root 'music' has no"):
        scan_within(extraction, path)
    assert snapshot() == before


@pytest.mark.parametrize("is_gone", [False, True])
def test_path_that_is_there_or_was_known_is_looked_at_whatever_it_holds(
    extraction: Extraction, library: Path, is_gone: bool
) -> None:
    put(library, "a/1.mp3", "a/2.mp3", "b/3.mp3", "c.mp3/text.txt", "5.mp3")
    os.mkfifo(library / "pipe.mp3")
    extraction.scan()
    (library / "empty").mkdir()
    (library / "a" / "2.mp3").unlink()
    if is_gone:
        for name in ("a", "b"):
            shutil.rmtree(library / name)
        (library / "pipe.mp3").unlink()
    vanished = {b"a/2.mp3": 2 if is_gone else 1, b"b": int(is_gone), b"pipe.mp3": 0}
    vanished |= {} if is_gone else {b"c.mp3": 0, b"empty": 0}
    assert {path: scan_within(extraction, path)["vanished"] for path in vanished} == vanished
    assert extraction.codes() == ({} if is_gone else {"pipe.mp3": "not_a_file"})


def test_problems_elsewhere_stay_on_record(extraction: Extraction, library: Path) -> None:
    put(library, "a/1.mp3")
    for name in ("a/pipe.mp3", "pipe.mp3"):
        os.mkfifo(library / name)
    extraction.scan()
    (library / "a" / "pipe.mp3").unlink()
    scan_within(extraction, b"a")
    assert extraction.codes() == {"pipe.mp3": "not_a_file"}


def test_archive_is_looked_at_in_part(extraction: Extraction, tmp_path: Path) -> None:
    path = pack(tmp_path / "music.zip", "a/1.mp3", "a/b/2.mp3", "ab/3.mp3")
    roots = (Root("music", path, copies=Copies(tmp_path / "copies", 1_000_000)),)
    extraction.settings = dataclasses.replace(extraction.settings, library=roots)
    assert scan_within(extraction, b"a")["added"] == 2
    assert known(extraction.store) == [b"a/1.mp3", b"a/b/2.mp3"]
    pack(path, "ab/3.mp3")
    assert scan_within(extraction, b"a")["vanished"] == 2, "what is gone and known is no mistake"


def run_within(extraction: Extraction, path: bytes, *, force: bool = False) -> list[str]:
    """Scan and plan a part; the files of the batches."""
    within, store = LibraryPath("music", path), extraction.store
    scan_library(store, extraction.settings.roots, NOW, within=within)
    batches = plan_batches(store, extraction.settings.roots, extraction.config, "part", NOW, within=within, force=force)
    return [file.display for batch in batches for file in store.extraction_runs.batch("part", batch.number)]


def test_only_the_part_is_planned_and_the_rest_goes_on_waiting(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "a/2.mp3", "a/3.mp3", "b/4.mp3")
    extraction.scan()
    assert run_within(extraction, b"a") == ["a/2.mp3", "a/3.mp3"]
    assert run_within(extraction, b"a/3.mp3") == ["a/3.mp3"]


def test_report_does_not_count_what_waits_elsewhere_as_left(extraction: Extraction, library: Path) -> None:
    put(library, "1.mp3", "a/2.mp3")
    extraction.scan()
    run_within(extraction, b"a")
    within = LibraryPath("music", b"a")
    report = report_run(extraction.store, extraction.settings.roots, extraction.config, "part", NOW, within=within)
    assert report.left == 1


def test_forced_files_are_identified_again_and_known_audio_is_not_decoded(
    extraction: Extraction, store: Store, library: Path
) -> None:
    for number in range(3):
        write_tone(library / f"{number}.wav", number, duration_s=1.2)
    extraction.run()
    # Other audio under the same size and time: what no scan can see.
    before = (library / "0.wav").stat()
    write_tone(library / "0.wav", 7, duration_s=1.2)
    os.utime(library / "0.wav", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert extraction.run() == []
    (report,) = extraction.run(force=True)
    assert (report.analysed, report.decoded) == (3, 1)
    assert store.tracks.count_ready() == 3
    assert run_within(extraction, b"1.wav", force=True) == ["1.wav"]
