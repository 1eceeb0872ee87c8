"""What every MongoDB-protocol server must do for features."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from earwise.store import Store
from earwise.store.features import TrackFeatures, feature_id

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
    found = store.features.read_range(feature_id("mfcc-1", "a"), feature_id("mfcc-1", "d"))
    assert [features.audio_id for features in found] == ["a", "b", "c"]


def test_vector_that_is_not_finite_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="finite"):
        put(store, "ab", value=float("nan"))
    assert store.features.get("ab", "mfcc-1") is None
