"""What every MongoDB-protocol server must do for features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pymongo.collection import Collection

from earwise.store import Store
from earwise.store.features import TrackFeatures

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def put(store: Store, audio_id: str, version: str = "mfcc-1", value: float = 1.5) -> TrackFeatures:
    features = TrackFeatures(audio_id, version, np.full(60, value, np.float32), "libsndfile")
    store.features.put(features, NOW)
    return features


def test_features_come_back_bit_for_bit(store: Store) -> None:
    vector = np.random.default_rng(1).standard_normal(60).astype(np.float32)
    store.features.put(TrackFeatures("ab", "mfcc-1", vector, "ffmpeg"), NOW)
    features = store.features.get("ab", "mfcc-1")
    assert features is not None
    np.testing.assert_array_equal(features.vector, vector)
    assert features.vector.dtype == np.float32
    assert (features.audio_id, features.feature_version, features.decoder) == ("ab", "mfcc-1", "ffmpeg")


def test_features_never_change_once_written(store: Store) -> None:
    put(store, "ab", value=1.0)
    put(store, "ab", value=2.0)
    assert store.features.get("ab", "mfcc-1").vector[0] == 1.0


def test_versions_do_not_mix(store: Store) -> None:
    put(store, "ab", "mfcc-1")
    put(store, "ab", "mfcc-2")
    put(store, "cd", "mfcc-2")
    assert store.features.has("ab", "mfcc-1")
    assert not store.features.has("cd", "mfcc-1")
    assert (store.features.count("mfcc-1"), store.features.count("mfcc-2"), store.features.count("mfcc-")) == (1, 2, 0)


def test_range_is_half_open_and_in_order(store: Store) -> None:
    for audio_id in ("b", "a", "d", "c"):
        put(store, audio_id)
    found = store.features.read_range("mfcc-1", "a", "d")
    assert [features.audio_id for features in found] == ["a", "b", "c"]


def test_all_of_a_version_are_read_and_none_of_another(store: Store) -> None:
    for audio_id, version in (("z", "mfcc-1"), ("a", "mfcc-1"), ("m", "mfcc-10"), ("m", "mfcc-0")):
        put(store, audio_id, version)
    assert [features.audio_id for features in store.features.of_version("mfcc-1")] == ["a", "z"]


def test_vector_that_is_not_finite_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="finite"):
        put(store, "ab", value=float("nan"))
    assert store.features.get("ab", "mfcc-1") is None


def test_many_are_written_at_once_and_never_change(store: Store) -> None:
    put(store, "ab", value=1.0)
    many = [TrackFeatures(audio_id, "mfcc-1", np.full(60, 2.0, np.float32), "ffmpeg") for audio_id in ("ab", "cd")]
    store.features.put_many(many, NOW)
    store.features.put_many([], NOW)
    assert [store.features.get(audio_id, "mfcc-1").vector[0] for audio_id in ("ab", "cd")] == [1.0, 2.0]
    assert list(store.features.audio_ids("mfcc-1")) == ["ab", "cd"]
    assert list(store.features.audio_ids("mfcc-1", most=1)) == ["ab"]


def test_versions_of_a_recording_and_of_all(store: Store) -> None:
    assert store.features.versions() == []
    for audio_id, version in (("ab", "mfcc-2"), ("cd", "mfcc-2"), ("ab", "mfcc-1")):
        put(store, audio_id, version)
    assert store.features.versions_of("ab", ["mfcc-1", "mfcc-2", "mfcc-3"]) == {"mfcc-1", "mfcc-2"}
    assert store.features.versions_of("cd", ["mfcc-1"]) == frozenset()
    assert store.features.versions() == ["mfcc-1", "mfcc-2"]
    assert store.features.delete_version("mfcc-2") == 2
    assert store.features.versions() == ["mfcc-1"]


def test_recordings_of_a_run_are_counted_by_few_ids_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [TrackFeatures(f"{n:032x}", "mfcc-1", np.ones(60, np.float32), "ffmpeg") for n in range(400)]
    store.features.put_many(many[:350], NOW)
    store.features.put_many(many[350:], NOW + timedelta(minutes=15))
    asked, count_documents = list[int](), Collection.count_documents

    def counting(collection: Any, query: dict[str, Any], *others: Any, **options: Any) -> int:
        asked.append(len(query["_id"]["$in"]))
        return count_documents(collection, query, *others, **options)

    monkeypatch.setattr(Collection, "count_documents", counting)
    ids = [features.audio_id for features in many]
    assert store.features.count_extracted([*ids, *ids, "absent"], "mfcc-1", NOW) == 350
    assert store.features.count_extracted([], "mfcc-1", NOW) == 0
    assert (sum(asked), max(asked)) == (401, 150)


def test_whole_versions_are_found_by_their_index_and_not_by_a_range_of_ids(
    store: Store, commands: Callable[[], list[tuple[str, Mapping[str, Any]]]]
) -> None:
    for audio_id, version in (("ab", "mfcc-1"), ("cd", "mfcc-1"), ("ef", "mfcc-2")):
        put(store, audio_id, version)
    commands()
    assert list(store.features.audio_ids("mfcc-1")) == ["ab", "cd"]
    assert (store.features.count("mfcc-1"), store.features.delete_version("mfcc-1")) == (2, 2)
    (_, found), (_, counted), (_, chosen), (_, deleted) = commands()
    wanted, ids = {"feature_version": "mfcc-1"}, ["mfcc-1:ab", "mfcc-1:cd"]
    assert (found["filter"], counted["pipeline"][0], chosen["filter"]) == (wanted, {"$match": wanted}, wanted)
    assert deleted["deletes"][0]["q"] == {"_id": {"$in": ids}}
    plan = store.features._features.find(wanted).sort("audio_id", 1).explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])


def test_version_of_many_features_is_deleted_in_portions(
    store: Store, commands: Callable[[], list[tuple[str, Mapping[str, Any]]]]
) -> None:
    for version in ("mfcc-1", "mfcc-2"):
        vector = np.ones(60, np.float32)
        store.features.put_many([TrackFeatures(f"{n:032x}", version, vector, "ffmpeg") for n in range(310)], NOW)
    commands()
    assert store.features.delete_version("mfcc-1") == 310
    assert sum(name == "delete" for name, _ in commands()) > 1
    assert (store.features.count("mfcc-1"), store.features.count("mfcc-2")) == (0, 310)


def test_meaning_of_a_version_stays(store: Store) -> None:
    assert store.feature_versions.get("mfcc-1") is None
    store.feature_versions.put("mfcc-1", {"n_mfcc": 20, "excerpt_s": 1.0}, NOW)
    store.feature_versions.put("mfcc-1", {"n_mfcc": 13}, NOW)
    assert store.feature_versions.get("mfcc-1") == {"n_mfcc": 20, "excerpt_s": 1.0}
