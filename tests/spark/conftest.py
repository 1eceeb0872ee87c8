"""One Spark session for all Spark tests, and a store with a library of known groups."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from pyspark.sql import SparkSession

from earwise.paths import LibraryPath
from earwise.spark.features_source import StoreAddress
from earwise.spark.jvm import java_options
from earwise.spark.session import spark_session
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.tracks import Tags, Track, TrackFile
from earwise.store.vectors import Vector

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
VERSION = "mfcc-test"


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-java-options '{java_options(0)}' pyspark-shell"
    with spark_session("tests", master="local[2]") as session:
        # At the end of the process py4j would log to streams that are closed by then.
        logging.getLogger("py4j").setLevel(logging.ERROR)
        yield session


@pytest.fixture
def address(mongo_uri: str, database_name: str) -> StoreAddress:
    return StoreAddress(mongo_uri, database_name)


def add_track(store: Store, number: int, vector: Vector, *, genre: str = "", version: str = VERSION) -> str:
    """Put a ready track with these features; its id is spread like a digest."""
    track_id = f"{(number * 2654435761) % 2**32:08x}{number:024x}"
    file = TrackFile(LibraryPath("music", f"{number}.mp3".encode()), 1000, 1)
    store.tracks.put(Track(track_id, Tags(f"Track {number}", genre=genre), 60.0), file, NOW)
    store.features.put(TrackFeatures(track_id, version, vector.astype(np.float32), "test"), NOW)
    return track_id


def add_groups(store: Store, *, groups: int, size: int, seed: int = 0, version: str = VERSION) -> dict[str, int]:
    """Put tracks in well separated groups; returns each track's group."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-100, 100, (groups, 12))
    return {
        add_track(
            store, group * size + member, centres[group] + rng.normal(0, 1, 12), genre=f"Genre {group}", version=version
        ): group
        for group in range(groups)
        for member in range(size)
    }
