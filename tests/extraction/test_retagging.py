"""A library that was read before more was read of tags gets the new ones, and nothing else of it is touched."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from pathlib import Path

import mutagen
import pytest

from earwise.errors import StoreError, UnreadableFileError
from earwise.extraction import batches
from earwise.extraction.analysis import read_tags_again
from earwise.extraction.batches import extract_batch
from earwise.extraction.messages import Analysis, Job, Known
from earwise.extraction.planning import plan_batches
from earwise.extraction.recordings import Recordings
from earwise.extraction.retagging import find_known
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Copies, Root
from earwise.store import Store
from earwise.store.folders import Folders
from earwise.store.shelves import Kind, shelves_listing
from earwise.tags import Tags
from tests.audio import write_tone
from tests.extraction.conftest import NOW, Extraction, Snapshot

_NEW_TAGS = ("album_artist", "disc_number")
_ARTISTS = ("Ann", "Ben", "Cleo feat. Dan")


def write_album(library: Path) -> None:
    """A compilation of three tracks on two discs."""
    for number, artist in enumerate(_ARTISTS):
        tagged = mutagen.File(os.fsdecode(write_tone(library / f"{number}.flac", number, duration_s=1.2)), easy=True)
        tagged["title"], tagged["artist"], tagged["album"] = f"Tune {number}", artist, "Hits"
        tagged["albumartist"], tagged["discnumber"] = "Various Artists", f"{2 - number % 2}/2"
        tagged.save()


def forget_new_tags(store: Store, database_name: str) -> None:
    """Let the store be as it was before there were these tags, with the lists that were made of the others."""
    database = store.client[database_name]
    for track in database["tracks"].find():
        files = {f"files.{key}.tags.{name}": "" for key in track["files"] for name in _NEW_TAGS}
        database["tracks"].update_one({"_id": track["_id"]}, {"$unset": dict.fromkeys(_NEW_TAGS, "") | files})
    for folder in database["folders"].find():
        versions = [version and version.partition("~")[0] for version in folder["versions"]]
        database["folders"].update_one({"_id": folder["_id"]}, {"$set": {"versions": versions}})


def albums(store: Store) -> dict[str, int]:
    """Bylines of the albums, and how many tracks each has."""
    page = store.shelves.page(shelves_listing(Kind.ALBUM, "name"), 1)
    return {shelf.byline: shelf.tracks for shelf in page.shelves} if page else {}


@pytest.fixture
def old(extraction: Extraction, library: Path, database_name: str) -> Extraction:
    write_album(library)
    extraction.run()
    forget_new_tags(extraction.store, database_name)
    extraction.store.shelves.mark_stale()
    extraction.report()
    assert albums(extraction.store) == dict.fromkeys(_ARTISTS, 1)
    return extraction


def test_library_that_was_read_before_gets_the_new_tags_and_its_albums_are_put_together(
    old: Extraction, library: Path, snapshot: Snapshot
) -> None:
    store = old.store
    listed = sorted(store.tracks.ready_ids())
    for track_id in listed:
        store.ratings.set_stars("ann", track_id, 4, NOW)
        store.ratings.set_favourite("ann", track_id, True, NOW)
    before = snapshot()
    (report,) = old.run()
    after = snapshot()
    assert (report.analysed, report.decoded, report.failures) == (3, 0, {})
    assert albums(store) == {"Various Artists": 3}, "nor is an empty shelf left over"
    tags = [track.tags for track in store.tracks.get_many(listed).values()]
    assert sorted((one.artist, one.album_artist, one.disc_number) for one in tags) == [
        ("Ann", "Various Artists", 2),
        ("Ben", "Various Artists", 1),
        ("Cleo feat. Dan", "Various Artists", 2),
    ]
    assert sorted(store.tracks.ready_ids()) == listed
    for name in ("features", "ratings", "aliases", "quarantine"):
        assert after.get(name) == before.get(name), name
    assert old.run() == []


def test_audio_is_not_read_again_for_the_sake_of_tags(old: Extraction, library: Path) -> None:
    before = sorted(old.store.tracks.ready_ids())
    # Other audio under the same size and time: what no scan can see, but all that reads the audio does.
    for file in library.iterdir():
        status, content = file.stat(), bytearray(file.read_bytes())
        content[-2000:] = bytes(2000)
        file.write_bytes(content)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    (report,) = old.run()
    assert (report.analysed, report.decoded) == (3, 0)
    assert sorted(old.store.tracks.ready_ids()) == before


def test_reading_tags_again_that_is_broken_off_is_finished_by_the_next(
    old: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_entries, done = Folders.put_entries, list[int]()

    def break_off(folders: Folders, location: LibraryPath, entries: dict[bytes, object]) -> None:
        done.append(len(entries))
        if sum(done) > 1:
            raise StoreError("MongoDB did not answer.")
        put_entries(folders, location, entries)  # type: ignore[arg-type]

    features = old.store.features.count(old.config.feature_version)
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(batches, "_MOST_IN_GROUP", 1)
        patch.setattr(Folders, "put_entries", break_off)
        old.run()
    assert old.store.tracks.count_ready() == 3
    (report,) = old.run()
    assert (report.analysed, report.decoded) == (2, 0), "those that are left"
    assert albums(old.store) == {"Various Artists": 3}
    assert old.store.features.count(old.config.feature_version) == features == 3


def test_library_that_is_half_read_again_is_listed_all_the_same(old: Extraction, library: Path) -> None:
    store, file = old.store, LibraryPath("music", b"0.flac")
    (track,) = [one for one in store.tracks.some(9) if one.files[0].location == file]
    known = Known(track.track_id, 1.2, track.files[0].size_bytes)
    again = read_tags_again(file, os.fsencode(library / "0.flac"), known)
    store.tracks.put(dataclasses.replace(track, tags=again.tags), track.files[0], NOW)
    old.report()
    assert albums(store) == {"Various Artists": 1, "Ben": 1, "Cleo feat. Dan": 1}


def test_file_of_which_nothing_else_is_known_is_analysed_as_a_new_one_is(old: Extraction, library: Path) -> None:
    """One that has changed meanwhile, and one without tags, whose track would be named by the path if it failed."""
    location, file = os.fsencode(library / "0.flac"), LibraryPath("music", b"0.flac")
    size_bytes = (library / "0.flac").stat().st_size
    assert read_tags_again(file, location, Known("ab", 1.2, size_bytes)).audio_id == "ab"
    assert read_tags_again(file, location, Known("ab", 1.2, size_bytes + 1)) is None
    untagged = write_tone(library / "untagged.wav", 5, duration_s=1.2)
    size_bytes = (library / "untagged.wav").stat().st_size
    assert read_tags_again(LibraryPath("music", b"untagged.wav"), untagged, Known("ab", 1.2, size_bytes)) is None
    with pytest.raises(UnreadableFileError):
        read_tags_again(file, os.fsencode(library / "absent.flac"), Known("ab", 1.2, size_bytes))


def test_file_without_tags_keeps_its_track_too(extraction: Extraction, library: Path, database_name: str) -> None:
    write_tone(library / "untagged.wav", 5, duration_s=1.2)
    extraction.run()
    before = list(extraction.store.tracks.ready_ids())
    forget_new_tags(extraction.store, database_name)
    (report,) = extraction.run()
    assert (report.analysed, report.decoded) == (1, 0)
    assert list(extraction.store.tracks.ready_ids()) == before
    assert extraction.run() == []


def test_files_that_are_no_tracks_are_not_tried_again(
    extraction: Extraction, library: Path, database_name: str
) -> None:
    (library / "words.mp3").write_text("words")
    extraction.run()
    forget_new_tags(extraction.store, database_name)
    assert extraction.run() == []
    assert [file.attempts for file in extraction.store.quarantine.recent(limit=9)] == [1]


def test_file_in_quarantine_is_not_released_by_its_tags(old: Extraction, database_name: str) -> None:
    store, folder = old.store, LibraryPath("music", b"")
    entries = {folder.child(name): entry for name, entry in store.folders.get(folder).files.items()}
    store.quarantine.put(folder.child(b"0.flac"), "time_out", "It took too long.", NOW)
    assert {file.name for file in find_known(store, entries, old.config)} == {b"1.flac", b"2.flac"}


def test_nothing_is_fetched_from_an_archive_for_tags_alone_unless_by_force(
    extraction: Extraction, library: Path, tmp_path: Path, database_name: str
) -> None:
    write_album(library)
    with zipfile.ZipFile(tmp_path / "music.zip", "w") as archive:
        for file in library.iterdir():
            archive.write(file, file.name)
    root = Root("music", tmp_path / "music.zip", copies=Copies(tmp_path / "copies", 100_000_000))
    extraction.settings = dataclasses.replace(extraction.settings, library=(root,))
    extraction.run()
    forget_new_tags(extraction.store, database_name)
    assert extraction.run() == []
    # Nor by a batch that the release before had done, and was not told of it.
    (batch,) = plan_batches(extraction.store, (root,), extraction.config, "again", NOW, force=True)
    extract_batch(extraction.store, "again", batch.number, extraction.settings, extraction.config, NOW)
    forget_new_tags(extraction.store, database_name)
    extract_batch(extraction.store, "again", batch.number, extraction.settings, extraction.config, NOW)
    tracks = extraction.store.tracks.get_many(extraction.store.tracks.ready_ids()).values()
    assert [track.tags.album_artist for track in tracks] == [""] * 3
    (report,) = extraction.run(force=True)
    assert (report.analysed, report.decoded) == (3, 0)
    assert albums(extraction.store) == {"Various Artists": 3}


def test_copy_of_what_only_its_tags_were_read_of_is_measured_for_the_served_model_too() -> None:
    new, served = MfccConfig(), MfccConfig(n_mfcc=13)
    recordings = Recordings(lambda _: frozenset([new.feature_version]))
    read, copy = (
        Job(LibraryPath("music", name), (), (new, served), known=Known("ab", 1.2, 9)) for name in (b"1", b"2")
    )
    recordings.settle(read, Analysis("ab", Tags("Tune"), 1.2, {}, "", 9))
    assert recordings.known_versions("ab", copy) == {new.feature_version}
