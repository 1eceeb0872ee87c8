"""Whole models made without Spark, for tests of what happens to models after training."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from earwise.paths import LibraryPath
from earwise.ranking.artefact import Artefact, ClusterModel, save_artefact
from earwise.ranking.fitting import fit_sound
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Ranking, queries_of, rank_neighbours
from earwise.ranking.preparation import TagNames, make_catalogue
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.model_parts import Assignment, Cluster
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.ranked_lists import Neighbour
from earwise.store.tracks import Tags, Track, TrackFile

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)
VERSION = "mfcc-test"


def track_id(number: int) -> str:
    """An id that sorts by number and looks like a digest."""
    return f"{number:032x}"


def add_tracks(store: Store, features: Matrix, numbers: Sequence[int], *, artist: str = "") -> None:
    """Put ready tracks with these rows of features."""
    for number in numbers:
        file = TrackFile(LibraryPath("music", f"{number}.mp3".encode()), 1000, 1)
        tags = Tags(f"Track {number}", artist=artist or f"Artist {number}")
        store.tracks.put(Track(track_id(number), tags, 60.0), file, NOW)
        store.features.put(TrackFeatures(track_id(number), VERSION, features[number], "test"), NOW)


def write_model(
    store: Store,
    folder: Path,
    model_id: str,
    features: Matrix,
    numbers: Sequence[int],
    *,
    day: int = 0,
    list_length: int = 50,
    most_per_artist: int = 0,
) -> Artefact:
    """Write a candidate over these tracks with two clusters, whose names tell the model's id."""
    ids, rows = [track_id(number) for number in numbers], features[list(numbers)]
    names = TagNames([f"artist {number}\x1ftrack {number}" for number in numbers], [f"artist {n}" for n in numbers])
    catalogue, fitted = fit_sound(rows.copy(), ids, names, None)
    low, high = rows.min(axis=0).astype(float), rows.max(axis=0).astype(float)
    side = (rows[:, 0] > np.median(rows[:, 0])).astype(int)
    cluster_model = ClusterModel(
        low, high, (0, 1), (f"{model_id} left", f"{model_id} right"), np.zeros((2, rows.shape[1]), np.float32)
    )
    scaled = cluster_model.scale(rows)
    cluster_model.centroids[:] = [scaled[side == number].mean(axis=0) for number in (0, 1)]
    artefact = Artefact(
        *(model_id, VERSION, fitted.metric, fitted.reference, cluster_model, fitted.projection),
        *(fitted.reference_places, fitted.quantiles, most_per_artist),
    )
    save_artefact(folder, artefact)
    sizes = (int((side == 0).sum()), int((side == 1).sum()))
    created = NOW + timedelta(days=day)
    store.model_runs.put(
        ModelRun(
            *(model_id, f"manual__{model_id}", VERSION, ModelStatus.CANDIDATE, created, 1, len(ids), 2),
            trials=(KTrial(2, 0.2, 1.0, sizes, 0.1),),
        )
    )
    around = catalogue.surroundings
    store.model_parts.put_assignments(
        model_id,
        [
            Assignment(one, int(side[row]), 0.1, (0.0, 0.0), (float(around.centre[row]), float(around.spread[row])))
            for row, one in enumerate(ids)
        ],
    )
    ranking = Ranking(list_length, most_per_artist)
    lists = rank_neighbours(fitted.metric, queries_of(catalogue, np.arange(len(ids))), catalogue, ranking)
    described = (
        (
            one,
            [
                Neighbour(ids[row], float(distance), int(side[row]), f"Artist {numbers[row]}")
                for row, distance in zip(found.rows, found.distances, strict=True)
            ],
        )
        for one, found in zip(ids, lists, strict=True)
    )
    store.model_parts.put_neighbours(model_id, described)
    store.model_parts.put_clusters(
        model_id,
        [
            Cluster(number, name, sizes[number], cluster_model.centroids[number])
            for number, name in enumerate(cluster_model.names)
        ],
    )
    return artefact


def rank_together(artefact: Artefact, features: Matrix, n: int) -> list[list[str]]:
    """The lists that ranking all tracks at once by a model gives: what assigning some of them later has to lead to."""
    ids = [track_id(number) for number in range(len(features))]
    names = [f"artist {number}\x1ftrack {number}" for number in range(len(features))]
    tags = TagNames(names, [f"artist {number}" for number in range(len(features))])
    catalogue = make_catalogue(artefact.metric, artefact.reference, features, ids, tags)
    queries = queries_of(catalogue, np.arange(len(ids)))
    return [[ids[row] for row in one.rows] for one in rank_neighbours(artefact.metric, queries, catalogue, Ranking(n))]
