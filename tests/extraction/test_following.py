"""Ratings and playlists outlive an encoding, and a track outlives its file as long as somebody cares for it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path

import mutagen
import mutagen.flac
import numpy as np
import pytest

from earwise.errors import StoreError
from earwise.extraction import batches, versions
from earwise.extraction.following import LONGEST_WAIT, follow_aliases
from earwise.extraction.forgetting import forget_missing
from earwise.library import identity, piece
from earwise.library.identity import identify_opened
from earwise.library.packets import Identity
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.playlists import Playlists
from earwise.store.tracks import Tags, Tracks, TrackState
from tests.audio import RATE_HZ, make_tone, write_audio
from tests.extraction.conftest import NOW, Extraction
from tests.extraction.test_interruption import analyse_here

LATER = NOW + timedelta(days=1)


def encode(path: Path, *, loudness: float = 1.0, duration_s: float = 3.0, title: str = "Ivory") -> None:
    """Write a file whose audio is another with each loudness, and whose tags are not."""
    write_audio(path, (loudness * make_tone(duration_s)).astype(np.float32))
    tagged = mutagen.flac.FLAC(path)
    tagged["title"], tagged["artist"] = title, "Savino"
    tagged.save()


def only_track(store: Store) -> str:
    (track_id,) = store.tracks.ready_ids()
    return track_id


def test_what_listeners_made_follows_a_file_that_is_encoded_anew_in_its_place(
    extraction: Extraction, library: Path
) -> None:
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    playlist = store.playlists.create("ann", "Evening", NOW)
    store.playlists.add("ann", playlist, old, NOW)
    encode(library / "a.flac", loudness=0.5, duration_s=4.5)
    extraction.run()
    new = only_track(store)
    assert new != old
    assert store.tracks.get(old).state is TrackState.MISSING
    assert store.ratings.marks("ann", new).stars == 5
    assert store.ratings.marks("ann", old).stars == 0
    assert store.playlists.get("ann", playlist).tracks == (new,)
    assert store.aliases.resolve([old]) == {old: new}
    assert store.aliases.pending() == []


@pytest.mark.parametrize("newer", ["old", pytest.param("new", marks=pytest.mark.slow)])
def test_where_both_were_rated_the_newer_rating_stands(extraction: Extraction, library: Path, newer: str) -> None:
    store = extraction.store
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    new = only_track(store)
    store.ratings.set_stars("ann", new, 2, LATER if newer == "new" else NOW)
    encode(library / "a.flac", title="Another")
    extraction.run()
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 4, LATER if newer == "old" else NOW)
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    assert only_track(store) == new
    assert store.ratings.marks("ann", new).stars == (2 if newer == "new" else 4)


@pytest.mark.parametrize("other", [{"title": "Another"}, {"duration_s": 6.0}])
def test_file_that_holds_another_recording_takes_nothing_over(
    extraction: Extraction, library: Path, other: dict[str, object]
) -> None:
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    encode(library / "a.flac", loudness=0.5, **other)
    extraction.run()
    assert store.ratings.marks("ann", only_track(store)).stars == 0
    assert store.ratings.marks("ann", old).stars == 5
    assert store.aliases.resolve([old]) == {}


def test_track_with_another_file_keeps_what_was_said_of_it(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    encode(library / "a.flac")
    encode(library / "copy.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    assert store.ratings.marks("ann", old).stars == 5
    assert store.aliases.resolve([old]) == {}


def test_encoding_that_was_cut_short_and_replaced_hands_on_what_was_said(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)

    def refuse(*_: object) -> None:
        raise StoreError("MongoDB did not answer.")

    encode(library / "a.flac", loudness=0.5)
    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(Tracks, "put_many", refuse)
        extraction.run()
    encode(library / "a.flac", loudness=0.25)
    extraction.run()
    assert store.ratings.marks("ann", only_track(store)).stars == 5


def test_copies_that_leave_a_track_on_two_machines_at_once_hand_on_what_was_said(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    store = extraction.store
    for name in ("a", "copy"):
        encode(library / f"{name}.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    remove_file = Tracks.remove_file

    def remove_both(tracks: Tracks, track_id: str, location: LibraryPath, now: datetime) -> None:
        for name in (b"a.flac", b"copy.flac"):
            remove_file(tracks, track_id, LibraryPath("music", name), now)

    monkeypatch.setattr(Tracks, "remove_file", remove_both)
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    assert store.ratings.marks("ann", only_track(store)).stars == 5


def test_recording_that_comes_back_takes_over_again(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    for loudness in (0.5, 1.0):
        encode(library / "a.flac", loudness=loudness)
        extraction.run()
    assert only_track(store) == old
    assert store.ratings.marks("ann", old).stars == 5
    assert old not in store.aliases.resolve([old])


@pytest.mark.parametrize("moved_to", ["0.flac", pytest.param("z.flac", marks=pytest.mark.slow)])
def test_track_whose_file_moved_aside_for_a_new_encoding_keeps_what_was_said_of_it(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, moved_to: str
) -> None:
    monkeypatch.setattr(batches, "_MOST_IN_GROUP", 1)
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    (library / "a.flac").rename(library / moved_to)
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    assert store.tracks.count_ready() == 2
    assert store.ratings.marks("ann", old).stars == 5
    assert store.aliases.resolve([old]) == {}


def test_file_that_was_found_half_written_takes_over_once_it_is_whole(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    encode(library / "a.flac", duration_s=10.0)
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    encode(library / "a.flac", loudness=0.5, duration_s=10.0)
    whole = (library / "a.flac").read_bytes()
    (library / "a.flac").write_bytes(whole[: len(whole) // 3])
    extraction.run()
    assert extraction.codes() == {"a.flac": "truncated"}
    assert store.tracks.get(old).state is TrackState.MISSING
    (library / "a.flac").write_bytes(whole)
    extraction.run()
    new = only_track(store)
    assert new != old
    assert store.ratings.marks("ann", new).stars == 5


@pytest.mark.parametrize("suffix", [".mp3", pytest.param(".ogg", marks=pytest.mark.slow)])
def test_track_of_a_half_written_file_becomes_that_of_the_whole_one(
    extraction: Extraction, library: Path, suffix: str
) -> None:
    store = extraction.store
    whole = Path(os.fsdecode(write_audio(library.parent / f"whole{suffix}", make_tone(20.0)))).read_bytes()
    ratings = []
    for share in (0.3, 0.6, 1.0):
        (library / f"a{suffix}").write_bytes(whole[: int(share * len(whole))])
        extraction.run()
        ratings.append(store.ratings.marks("ann", only_track(store)).stars)
        store.ratings.set_stars("ann", only_track(store), 5, NOW)
    assert ratings == [0, 5, 5]
    assert store.tracks.get(only_track(store)).duration_s == pytest.approx(20.0, abs=0.2)
    assert set(store.aliases.resolve(store.tracks.missing_since(LATER)).values()) == {only_track(store)}


@pytest.mark.parametrize("name", ["a.wav", "other/a.wav"])
def test_file_that_was_known_by_some_of_its_silence_keeps_what_was_said_of_it(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    store = extraction.store
    y = make_tone(61.0)[:, 0]
    y[20 * RATE_HZ :] = 0
    write_audio(library / "a.wav", y)
    with monkeypatch.context() as before:
        before.setattr(piece, "_is_silent", lambda *_: False)
        extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    (library / name).parent.mkdir(exist_ok=True)
    (library / "a.wav").rename(library / name)
    extraction.run(force=True)
    assert only_track(store) != old
    assert store.ratings.marks("ann", only_track(store)).stars == 5


def test_large_mp3_that_was_known_by_all_of_its_bytes_is_known_anew_before_it_is_tagged_anew(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    monkeypatch.setattr(piece, "_BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(versions, "_LARGE_MP3_BYTES", 32 << 10)
    store = extraction.store
    write_audio(library / "a.mp3", make_tone(61.0))
    with monkeypatch.context() as before:
        before.setattr(piece, "_BLOCK_BYTES", 1 << 20)
        before.setattr(versions, "_LARGE_MP3_BYTES", 32 << 20)
        extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    (report,) = extraction.run()
    assert (report.analysed, extraction.run()) == (1, [])
    new = only_track(store)
    assert new != old
    tagged = mutagen.File(library / "a.mp3", easy=True)
    tagged.update({"title": "Another title", "artist": "Somebody else"})
    tagged.save()
    extraction.run()
    assert only_track(store) == new
    assert store.ratings.marks("ann", new).stars == 5


def test_larger_file_that_begins_otherwise_has_not_grown(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    write_audio(library / "a.mp3", make_tone(5.0))
    extraction.run()
    store.ratings.set_stars("ann", only_track(store), 5, NOW)
    write_audio(library / "a.mp3", make_tone(20.0, pitch_hz=330.0))
    extraction.run()
    assert store.ratings.marks("ann", only_track(store)).stars == 0
    assert store.aliases.pending() == []


def test_file_that_is_being_written_waits_with_its_track(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "analyse_files", analyse_here)
    store = extraction.store
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    whole = (library / "a.flac").read_bytes()
    (library / "a.flac").write_bytes(whole[:-1])

    def write_on(file: FileIO) -> Identity:
        (library / "a.flac").write_bytes(whole)
        return identify_opened(file)

    with monkeypatch.context() as patch:
        patch.setattr(identity, "identify_opened", write_on)
        extraction.run()
    assert extraction.codes() == {"a.flac": "changing"}
    assert only_track(store) == old
    extraction.run()
    assert (extraction.codes(), only_track(store)) == ({}, old)


def test_encoding_anew_is_told_by_the_catalogues_tags_where_it_states_some(
    extraction: Extraction, library: Path
) -> None:
    store = extraction.store
    store.catalogue.put(LibraryPath("music", b""), {b"a.flac": Tags(title="As the catalogue has it")})
    encode(library / "a.flac")
    extraction.run()
    old = only_track(store)
    store.ratings.set_stars("ann", old, 5, NOW)
    encode(library / "a.flac", loudness=0.5)
    extraction.run()
    assert store.ratings.marks("ann", only_track(store)).stars == 5


def test_following_that_was_broken_off_is_finished_by_the_next(
    extraction: Extraction, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = extraction.store
    store.aliases.put("old", "new", NOW)
    store.ratings.set_stars("ann", "old", 5, NOW)
    playlist = store.playlists.create("ann", "Evening", NOW)
    for track_id in ("old", "other"):
        store.playlists.add("ann", playlist, track_id, NOW)

    def refuse(*_: object) -> None:
        raise StoreError("MongoDB did not answer.")

    with monkeypatch.context() as patch, pytest.raises(StoreError):
        patch.setattr(Playlists, "follow_track", refuse)
        follow_aliases(store)
    assert follow_aliases(store) == 1
    assert follow_aliases(store) == 0
    assert store.ratings.marks("ann", "new").stars == 5
    assert store.playlists.get("ann", playlist).tracks == ("new", "other")


def test_alias_does_not_wait_for_ever_for_files_that_nobody_can_read(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    (library / "waits.mp3").write_text("words")
    extraction.scan()
    store.extraction_runs.start(extraction.run_id, [], NOW)
    store.aliases.put("old", "new", NOW - LONGEST_WAIT - timedelta(seconds=1))
    store.aliases.put("late", "later", NOW)
    assert extraction.report().left == 1
    assert store.aliases.pending() == [("late", "later")]


def test_missing_tracks_are_forgotten_in_time_unless_somebody_cares_for_them(
    extraction: Extraction, library: Path
) -> None:
    store, config = extraction.store, extraction.config
    for number, name in enumerate(("rated", "favourite", "listed", "taken back", "unloved", "deleted", "stays")):
        encode(library / f"{name}.flac", loudness=1 - number / 10, title=name)
    extraction.run()
    ids = {store.tracks.get(track_id).tags.title: track_id for track_id in store.tracks.ready_ids()}
    store.ratings.set_stars("ann", ids["rated"], 3, NOW)
    store.ratings.set_favourite("ann", ids["favourite"], True, NOW)
    store.ratings.set_stars("ann", ids["taken back"], 3, NOW)
    store.ratings.set_stars("ann", ids["taken back"], 0, LATER)
    playlist = store.playlists.create("ann", "Evening", NOW)
    store.playlists.add("ann", playlist, ids["listed"], NOW)
    store.playlists.delete("ann", store.playlists.create("ann", "Morning", NOW, [ids["deleted"]]), NOW)
    for name in ids.keys() - {"stays"}:
        (library / f"{name}.flac").unlink()
    extraction.scan()
    in_time, late = NOW + timedelta(days=89), NOW + timedelta(days=91)
    assert forget_missing(store, in_time, keep_days=90) == 0
    assert forget_missing(store, late, keep_days=0) == 0
    assert forget_missing(store, late, keep_days=90) == 3
    kept = {name for name, track_id in ids.items() if store.tracks.get(track_id) is not None}
    assert kept == {"rated", "favourite", "listed", "stays"}
    assert {name for name, track_id in ids.items() if store.features.has(track_id, config.feature_version)} == kept
    encode(library / "elsewhere.flac", loudness=1.0, title="rated")
    extraction.run()
    assert store.tracks.get(ids["rated"]).state is TrackState.READY
