"""A set becomes a part of the library: heard from the archive, under the names that FMA's table gives."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest

from earwise.errors import BadDownloadError, LibraryError, StoreError
from earwise.extraction.scanning import scan_library
from earwise.fma.loading import bring_archive, publish_set, read_catalogue, release_changed
from earwise.root import FMA_ROOT, Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.catalogue import Catalogue
from earwise.store.folders import Folders
from tests.extraction.conftest import Extraction
from tests.fma.conftest import ROWS, pack, pack_metadata, published
from tests.fma.server import ArchiveServer


def load(store: Store, settings: Settings, name: str = "small") -> None:
    """What the DAG does."""
    bring_archive(store, settings, "metadata")
    read_catalogue(store, settings)
    bring_archive(store, settings, name)
    publish_set(settings, name)


def load_metadata(store: Store, settings: Settings, server: ArchiveServer, rows: dict[int, list[str]]) -> Settings:
    """Load the table with other rows."""
    server.contents["fma_metadata.zip"] = pack_metadata(rows)
    (settings.fma_home / "fma_metadata.zip").unlink()
    changed = dataclasses.replace(settings, fma_sha1=published(server))
    bring_archive(store, changed, "metadata")
    read_catalogue(store, changed)
    return changed


def titles(store: Store) -> dict[str, str]:
    """Titles of the ready tracks by file."""
    return {file.location.display: track.tags.title for track in store.tracks.some(99) for file in track.files}


@pytest.fixture
def loaded(store: Store, settings: Settings) -> Extraction:
    load(store, settings)
    extraction = Extraction(store, settings)
    extraction.run()
    return extraction


def test_tracks_are_heard_from_the_archive_under_the_tables_names(loaded: Extraction, store: Store) -> None:
    assert titles(store) == {
        "000/000002.mp3": "Food",
        "000/000005.mp3": "This World",
        "001/001003.mp3": "001003",
    }, "what the table does not say comes from the file"
    (track,), _ = store.tracks.with_any_term(["food"])
    assert (track.tags.artist, track.tags.genre, track.tags.year) == ("AWOL", "Hip-Hop", 2009)
    assert store.tracks.with_any_term(["friends"])[0][0].files[0].location.root == FMA_ROOT


def test_track_without_audio_ends_in_quarantine_with_a_reason(loaded: Extraction, store: Store) -> None:
    (file,) = store.quarantine.recent(limit=9)
    assert file.location.display == "099/099134.mp3"
    assert file.code == "not_audio"
    assert "No audio in this file" in file.message


def test_downloads_are_told_of(loaded: Extraction, store: Store, small_set: bytes) -> None:
    metadata, small = store.downloads.all()
    assert (metadata.name, metadata.state) == ("fma_metadata.zip", "ready")
    assert (small.name, small.state, small.done_bytes) == ("fma_small.zip", "ready", len(small_set))


def test_loaded_again_nothing_changes(
    loaded: Extraction, store: Store, settings: Settings, server: ArchiveServer
) -> None:
    asked = len(server.requests)
    load(store, settings)
    assert len(server.requests) == asked
    assert loaded.run() == []


def test_table_that_was_read_before_there_were_as_many_tags_has_not_changed(
    loaded: Extraction, store: Store, settings: Settings, database_name: str
) -> None:
    catalogue = store.client[database_name]["catalogue"]
    for folder in catalogue.find():
        first = {name: stated[:6] for name, stated in folder["tags"].items()}
        catalogue.update_one({"_id": folder["_id"]}, {"$set": {"tags": first}})
    assert read_catalogue(store, settings)["changed"] == 0
    assert loaded.run() == []


def test_corrected_title_reaches_the_track_without_decoding(
    loaded: Extraction, store: Store, settings: Settings, server: ArchiveServer
) -> None:
    load_metadata(store, settings, server, {**ROWS, 2: [*ROWS[2][:-1], "Food for Thought"]})
    (batch,) = loaded.run()
    assert (batch.analysed, batch.decoded) == (1, 0)
    assert titles(store)["000/000002.mp3"] == "Food for Thought"
    assert loaded.run() == []


@pytest.mark.parametrize(
    ("when", "kind", "method"),
    [
        ("before", Folders, "put_entries"),
        ("after", Folders, "put_entries"),
        *(
            pytest.param(when, Catalogue, method, marks=pytest.mark.slow)
            for when in ("before", "after")
            for method in ("put", "mark_read")
        ),
    ],
)
def test_correction_that_is_broken_off_anywhere_is_finished_by_the_next(
    loaded: Extraction,
    store: Store,
    settings: Settings,
    server: ArchiveServer,
    monkeypatch: pytest.MonkeyPatch,
    kind: type,
    method: str,
    when: str,
) -> None:
    write = getattr(kind, method)

    def break_off(*arguments: object) -> None:
        if when == "after":
            write(*arguments)
        raise StoreError("MongoDB did not answer.")

    rows = {**ROWS, 2: [*ROWS[2][:-1], "Food for Thought"], 1003: [*ROWS[1003][:-1], "Rain"]}
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(kind, method, break_off)
        load_metadata(store, settings, server, rows)
    loaded.run()
    read_catalogue(store, settings)
    loaded.run()
    assert titles(store)["000/000002.mp3"] == "Food for Thought"
    assert titles(store)["001/001003.mp3"] == "Rain"
    assert (release_changed(store), loaded.run()) == (0, [])


def test_larger_set_takes_the_place_of_the_one_before(
    loaded: Extraction, store: Store, settings: Settings, server: ArchiveServer, small_set: bytes, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(small_set)) as archive:
        members = {name.replace("small", "medium"): archive.read(name) for name in archive.namelist()}
    members["fma_medium/155/155001.mp3"] = b"words"
    server.contents["fma_medium.zip"] = pack(members)
    loaded.settings = dataclasses.replace(settings, fma_sha1=published(server))
    load(store, loaded.settings, "medium")
    assert (settings.fma_home / "tracks.zip").resolve() == (settings.fma_home / "fma_medium.zip").resolve()
    loaded.run()
    assert len(titles(store)) == 3, "the same tracks"
    assert (settings.fma_home / "fma_small.zip").exists()


def test_smaller_set_takes_the_place_of_the_one_before_when_its_losses_are_accepted(
    loaded: Extraction, store: Store, settings: Settings, server: ArchiveServer, small_set: bytes
) -> None:
    with zipfile.ZipFile(io.BytesIO(small_set)) as archive:
        members = {name.replace("small", "medium"): archive.read(name) for name in archive.namelist()}
    members |= {f"fma_medium/155/{155000 + number}.mp3": b"words %d" % number for number in range(30)}
    server.contents["fma_medium.zip"] = pack(members)
    loaded.settings = dataclasses.replace(settings, fma_sha1=published(server))
    load(store, loaded.settings, "medium")
    assert loaded.scan().files == 34
    load(store, loaded.settings, "small")
    with pytest.raises(LibraryError, match=r"30 of 34 files .* with accept_losses"):
        loaded.scan()
    assert scan_library(store, loaded.settings.roots, loaded.now, accept_losses=True).files == 4
    assert len(titles(store)) == 3


def test_corrupt_set_is_told_of_and_the_one_before_stays(
    loaded: Extraction, store: Store, settings: Settings, server: ArchiveServer, small_set: bytes
) -> None:
    server.contents["fma_medium.zip"] = b"something else"
    with pytest.raises(BadDownloadError, match="SHA-1"):
        load(store, settings, "medium")
    failed = next(download for download in store.downloads.all() if download.name == "fma_medium.zip")
    assert (failed.state, "SHA-1" in failed.message) == ("failed", True)
    loaded.scan()
    assert len(titles(store)) == 3


def test_archive_that_is_gone_empties_nothing(loaded: Extraction, store: Store, settings: Settings) -> None:
    (settings.fma_home / "tracks.zip").unlink()
    loaded.settings = dataclasses.replace(settings, library=(Root("music", settings.home),))
    with pytest.raises(LibraryError, match="Nothing was changed"):
        loaded.scan()
    assert len(titles(store)) == 3


def test_root_of_the_same_name_is_refused(store: Store, settings: Settings, tmp_path: Path) -> None:
    taken = dataclasses.replace(settings, library=(Root(FMA_ROOT, tmp_path),))
    with pytest.raises(BadDownloadError, match="give it another name"):
        bring_archive(store, taken, "small")


def test_set_that_was_not_brought_is_not_published(settings: Settings) -> None:
    with pytest.raises(BadDownloadError, match="is not there"):
        publish_set(settings, "large")
