"""When the configuration changes, the served model goes on in its version until the new one covers the library."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from earwise.clustering.versions import Coverage, choose_version, coverage, prune_features
from earwise.extraction import analysis, versions
from earwise.extraction.versions import needed_configs
from earwise.features.audio import Audio
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.model_parts import Cluster
from earwise.store.model_runs import ModelRun, ModelStatus
from earwise.store.quarantine import Quarantine
from earwise.store.tracks import Tags, Track, TrackFile
from tests.audio import write_audio, write_tone
from tests.extraction.conftest import NOW, Extraction

OLD = MfccConfig(n_mfcc=13)
NEW = MfccConfig()


def publish(store: Store, version: str, model_id: str = "served", *, day: int = 0) -> None:
    """Let readers see a model of this version."""
    run = ModelRun(model_id, "run", version, ModelStatus.CANDIDATE, NOW + timedelta(days=day), seed=1, tracks=2, k=1)
    store.model_runs.put(run)
    store.model_parts.put_clusters(model_id, [Cluster(0, "all", 2, np.float32([0, 1]))])
    store.models.activate(model_id, NOW)


def put_tracks(store: Store, count: int, *, measured: dict[str, int]) -> None:
    """Ready tracks, of which the first so many have features in each version."""
    for number in range(count):
        track_id = f"{number:032x}"
        track = Track(track_id, Tags(f"Track {number}"), 60.0)
        store.tracks.put(track, TrackFile(LibraryPath("music", b"%d.mp3" % number), 1, 1), NOW)
    for version, many in measured.items():
        vector = np.zeros(60, np.float32)
        ids = [f"{number:032x}" for number in range(many)]
        store.features.put_many([TrackFeatures(audio_id, version, vector, "test") for audio_id in ids], NOW)


def test_new_tracks_are_measured_for_the_served_model_too(extraction: Extraction, library: Path) -> None:
    store = extraction.store
    extraction.config = OLD
    write_tone(library / "a.flac", 0)
    write_tone(library / "b.flac", 1)
    extraction.run()
    publish(store, OLD.feature_version)
    before = {audio_id: store.features.get(audio_id, OLD.feature_version) for audio_id in store.tracks.ready_ids()}

    extraction.config = NEW
    write_tone(library / "c.flac", 2)
    (report,) = extraction.run()

    assert report.decoded == 3
    assert store.features.count(NEW.feature_version) == store.features.count(OLD.feature_version) == 3
    for audio_id, features in before.items():
        np.testing.assert_array_equal(store.features.get(audio_id, OLD.feature_version).vector, features.vector)
    for audio_id in store.tracks.ready_ids():
        assert store.features.get(audio_id, OLD.feature_version).vector.size == OLD.n_features
        assert store.features.get(audio_id, NEW.feature_version).vector.size == NEW.n_features
    assert extraction.run() == []


def test_two_versions_come_from_one_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location, decoded = write_audio(tmp_path / "a.flac"), []

    def decode(*arguments: object, **options: object) -> Audio:
        decoded.append(arguments)
        return analysis_decode(*arguments, **options)

    analysis_decode = analysis.decode_track
    monkeypatch.setattr(analysis, "decode_track", decode)
    file = LibraryPath("music", b"a.flac")
    both = analysis.analyse_track(file, location, [NEW, OLD], lambda audio_id: frozenset())
    assert len(decoded) == 1
    for config in (NEW, OLD):
        alone = analysis.analyse_track(file, location, [config], lambda audio_id: frozenset())
        np.testing.assert_array_equal(both.vectors[config.feature_version], alone.vectors[config.feature_version])


def test_track_that_only_the_served_version_can_not_measure_is_a_track(tmp_path: Path) -> None:
    location, file = write_audio(tmp_path / "a.flac"), LibraryPath("music", b"a.flac")
    demanding = dataclasses.replace(NEW, min_duration_s=10.0)
    found = analysis.analyse_track(file, location, [NEW, demanding], lambda audio_id: frozenset())
    assert list(found.vectors) == [NEW.feature_version]


def test_what_is_known_in_one_version_is_measured_in_the_other_alone(tmp_path: Path) -> None:
    location, file = write_audio(tmp_path / "a.flac"), LibraryPath("music", b"a.flac")
    found = analysis.analyse_track(file, location, [NEW, OLD], lambda audio_id: frozenset([OLD.feature_version]))
    assert list(found.vectors) == [NEW.feature_version]
    both = frozenset([OLD.feature_version, NEW.feature_version])
    assert analysis.analyse_track(file, location, [NEW, OLD], lambda audio_id: both).vectors == {}


def test_only_versions_that_this_code_computes_are_asked_for(store: Store) -> None:
    assert needed_configs(store, NEW) == (NEW,)
    publish(store, OLD.feature_version)
    assert needed_configs(store, NEW) == (NEW,)
    store.feature_versions.put(OLD.feature_version, OLD.parameters, NOW)
    assert needed_configs(store, NEW) == (NEW, OLD)
    assert needed_configs(store, OLD) == (OLD,)
    earlier_code = MfccConfig(revision=0)
    store.feature_versions.put(earlier_code.feature_version, earlier_code.parameters, NOW)
    publish(store, earlier_code.feature_version, "other")
    assert needed_configs(store, NEW) == (NEW,)


def test_task_that_hands_out_files_needs_no_audio_library() -> None:
    modules = "earwise.extraction.batches, earwise.extraction.scanning, earwise.extraction.planning"
    program = f"import sys, {modules}; print({{'librosa', 'numba', 'scipy'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found == "set()\n"


def test_nothing_is_noted_while_nothing_is_extracted(extraction: Extraction) -> None:
    write_tone(os.fsencode(extraction.settings.roots[0].folder / "a.flac"), 0)
    extraction.scan()
    assert extraction.store.feature_versions.get(NEW.feature_version) is None
    extraction.run()
    assert extraction.store.feature_versions.get(NEW.feature_version) == NEW.parameters


@pytest.mark.parametrize(("covered", "chosen"), [(0, OLD), (97, OLD), (98, NEW), (100, NEW)])
def test_training_moves_once_nearly_all_tracks_are_covered(store: Store, covered: int, chosen: MfccConfig) -> None:
    put_tracks(store, 100, measured={OLD.feature_version: 100, NEW.feature_version: covered})
    assert choose_version(store, NEW.feature_version) == NEW.feature_version  # nothing is served yet
    publish(store, OLD.feature_version)
    assert coverage(store, NEW.feature_version).share == covered / 100
    assert choose_version(store, NEW.feature_version) == chosen.feature_version


def test_tracks_whose_files_are_all_in_quarantine_are_not_waited_for(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    put_tracks(store, 200, measured={OLD.feature_version: 200, NEW.feature_version: 180})
    publish(store, OLD.feature_version)
    copy = TrackFile(LibraryPath("music", b"copy.mp3"), 1, 1)
    store.tracks.put(Track(f"{180:032x}", Tags("Track 180"), 60.0), copy, NOW)
    # One that is measured all the same, the one with a copy that can be heard, and others one after the other.
    for number in (0, *range(180, 196)):
        store.quarantine.put(LibraryPath("music", b"%d.mp3" % number), "time_out", "It took too long.", NOW)
    assert coverage(store, NEW.feature_version) == Coverage(200, 180, 15)
    assert choose_version(store, NEW.feature_version) == OLD.feature_version
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "of 200 tracks the current one has 180" in warning.getMessage()
    assert "15 can't" in warning.getMessage()
    store.quarantine.put(LibraryPath("music", b"196.mp3"), "unreadable", "The system refuses it.", NOW)
    store.quarantine.put(copy.location, "decoder_crash", "The decoder crashed.", NOW)
    assert coverage(store, NEW.feature_version) == Coverage(200, 180, 17)
    assert choose_version(store, NEW.feature_version) == NEW.feature_version


def test_quarantine_is_not_searched_where_it_makes_no_difference(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_tracks(store, 100, measured={OLD.feature_version: 100, NEW.feature_version: 50})
    store.quarantine.put(LibraryPath("music", b"60.mp3"), "time_out", "It took too long.", NOW)
    monkeypatch.delattr(Quarantine, "those_of")
    assert coverage(store, NEW.feature_version) == Coverage(100, 50)
    assert coverage(store, OLD.feature_version) == Coverage(100, 100)


def test_features_of_missing_tracks_cover_nothing(store: Store) -> None:
    put_tracks(store, 10, measured={OLD.feature_version: 10, NEW.feature_version: 5})
    for number in range(5):
        store.tracks.remove_file(f"{number:032x}", LibraryPath("music", b"%d.mp3" % number), NOW)
    assert coverage(store, NEW.feature_version).share == 0
    publish(store, OLD.feature_version)
    assert choose_version(store, NEW.feature_version) == OLD.feature_version


def test_features_go_when_no_kept_model_needs_them(store: Store) -> None:
    put_tracks(store, 3, measured={"mfcc-first": 3, OLD.feature_version: 2, NEW.feature_version: 3})
    publish(store, OLD.feature_version, "old")
    publish(store, NEW.feature_version, "new", day=1)
    assert prune_features(store, NEW.feature_version) == ["mfcc-first"]
    store.models.prune(1)
    assert prune_features(store, NEW.feature_version) == [OLD.feature_version]
    assert store.features.versions() == [NEW.feature_version]
    assert store.features.count(NEW.feature_version) == 3


@pytest.mark.parametrize("most", [0, 9])
def test_what_is_measured_is_known_from_memory_and_from_the_store(
    store: Store, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(versions, "MOST_IN_MEMORY", most)
    for audio_id, version in (("ab", "mfcc-1"), ("ab", "mfcc-2"), ("cd", "mfcc-2"), ("ab", "mfcc-3")):
        store.features.put(TrackFeatures(audio_id, version, np.ones(60, np.float32), "ffmpeg"), NOW)
    known = versions.known_versions(store, {"mfcc-1", "mfcc-2"})
    assert [known(audio_id) for audio_id in ("ab", "cd", "ef")] == [{"mfcc-1", "mfcc-2"}, {"mfcc-2"}, frozenset()]
