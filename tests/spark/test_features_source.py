"""Reading features from MongoDB into Spark."""

from __future__ import annotations

import itertools

import numpy as np
from pyspark.sql import SparkSession

from earwise.spark.features_source import StoreAddress, id_ranges, read_features
from earwise.store import Store
from tests.spark.conftest import NOW, VERSION, add_groups, add_track


def test_every_ready_track_of_the_version_is_read_once(
    spark: SparkSession, store: Store, address: StoreAddress
) -> None:
    expected = set(add_groups(store, groups=2, size=20))
    add_track(store, 900, np.ones(12), version="mfcc-other")
    missing = add_track(store, 901, np.ones(12))
    store.tracks.remove_file(missing, store.tracks.get(missing).files[0].location, NOW)

    frame = read_features(spark, address, VERSION, partitions=5)

    assert frame.rdd.getNumPartitions() == 5
    rows = frame.collect()
    assert len(rows) == len(expected)
    assert {row.track_id for row in rows} == expected


def test_vectors_arrive_bit_by_bit(spark: SparkSession, store: Store, address: StoreAddress) -> None:
    vector = np.random.default_rng(1).normal(size=60).astype(np.float32)
    add_track(store, 1, vector)
    row = read_features(spark, address, VERSION, partitions=2).first()
    assert np.array_equal(np.array(row.features, np.float32), vector)


def test_id_ranges_cover_all_digests_without_overlap() -> None:
    ranges = id_ranges(7)
    assert ranges[0][0] <= "0" * 32
    assert ranges[-1][1] > "f" * 32
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))
