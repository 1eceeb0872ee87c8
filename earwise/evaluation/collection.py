"""What is evaluated: a table, or a model with the library that it was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earwise.errors import ModelNotFoundError
from earwise.evaluation.measures import Lists, as_lists
from earwise.evaluation.table import Table
from earwise.ranking.artefact import load_artefact
from earwise.ranking.catalogue import Catalogue
from earwise.ranking.lists import LIST_LENGTH
from earwise.ranking.metric import Matrix, Metric
from earwise.ranking.neighbours import Ranking
from earwise.ranking.preparation import TagNames, fit, make_catalogue
from earwise.ranking.search import plan_search
from earwise.store import Store
from earwise.store.search import fold_text
from earwise.tags import Tags


@dataclass(frozen=True, slots=True)
class Collection:
    """Tracks with their lists.

    Attributes
    ----------
    plain : ndarray [shape=(n, m), dtype=float32]
        Means and deviations as they were measured.
    genres : list of str
        Folded; empty for none.
    ranking : Ranking
        How `lists` were made.
    lists : ndarray [shape=(n, l), dtype=int32]
        Rows, nearest first, filled up with -1.
    """

    track_ids: list[str]
    metric: Metric
    catalogue: Catalogue
    plain: Matrix
    genres: list[str]
    ranking: Ranking
    lists: Lists


def collect_table(table: Table) -> Collection:
    """Rank a table's tracks as production ranks a library's, with any number of tracks by one artist."""
    # A library's ids are digests of its audio; a table's tracks are known by their names.
    keys = [f"{artist}\x1f{track}" for artist, track in zip(table.artists, table.tracks, strict=True)]
    track_ids = [hashlib.sha256(f"{key}\x1f{line}".encode()).hexdigest() for line, key in enumerate(keys)]
    tags = name_tags(table.tracks, table.artists)
    metric, reference = fit(table.features, track_ids, table.layout)
    catalogue = make_catalogue(metric, reference, table.features, track_ids, tags)
    ranking = Ranking(LIST_LENGTH)
    found = plan_search(metric, catalogue).rank(np.arange(len(catalogue)), ranking)
    genres = [fold_text(genre) for genre in table.genres]
    return Collection(track_ids, metric, catalogue, table.plain, genres, ranking, as_lists(found, LIST_LENGTH))


def collect_model(store: Store, model_folder: Path, model_id: str) -> Collection:
    """Read a model's published lists, and the features and tags of its tracks.

    Raises
    ------
    ModelNotFoundError
        If there is no such model, or its files or the features of its tracks are gone.
    """
    run = store.model_runs.get(model_id)
    if run is None or not store.model_parts.is_whole(model_id):
        raise ModelNotFoundError(f"There is no complete model {model_id!r}.")
    artefact = load_artefact(model_folder, model_id)
    published = dict(store.model_parts.read_lists(model_id))
    track_ids = sorted(published)
    features = _read_features(store, artefact.feature_version, track_ids)
    tags = _read_tags(store, track_ids)
    titles, artists = [one.title for one in tags], [one.artist for one in tags]
    catalogue = make_catalogue(artefact.metric, artefact.reference, features, track_ids, name_tags(titles, artists))
    row_of = {track_id: row for row, track_id in enumerate(track_ids)}
    lists = np.full((len(track_ids), LIST_LENGTH), -1, np.int32)
    for track_id, near in published.items():
        rows = [row_of[other] for other in near if other in row_of][:LIST_LENGTH]
        lists[row_of[track_id], : len(rows)] = rows
    genres = [fold_text(one.genre) for one in tags]
    ranking = Ranking(LIST_LENGTH, artefact.most_per_artist)
    return Collection(track_ids, artefact.metric, catalogue, plain_of(features), genres, ranking, lists)


def name_tags(titles: Sequence[str], artists: Sequence[str]) -> TagNames:
    """Names by which ranking knows copies and artists."""
    titles, artists = [fold_text(title) for title in titles], [fold_text(artist) for artist in artists]
    names = [f"{artist}\x1f{title}" if title else "" for artist, title in zip(artists, titles, strict=True)]
    return TagNames(names, artists)


def plain_of(features: Matrix) -> Matrix:
    """Means and deviations of summary vectors, without those of the deltas."""
    return features[:, : features.shape[1] // 3 * 2]


def _read_features(store: Store, version: str, track_ids: list[str]) -> Matrix:
    row_of = {track_id: row for row, track_id in enumerate(track_ids)}
    found: Matrix | None = None
    seen = 0
    for one in store.features.of_version(version):
        if (row := row_of.get(one.audio_id)) is not None:
            found = np.empty((len(track_ids), len(one.vector)), np.float32) if found is None else found
            found[row] = one.vector
            seen += 1
    if found is None or seen < len(track_ids):
        raise ModelNotFoundError(f"Of the model's {len(track_ids)} tracks only {seen} still have their features.")
    return found


def _read_tags(store: Store, track_ids: list[str]) -> list[Tags]:
    wanted = set(track_ids)
    known = {track_id: tags for track_id, tags, _ in store.tracks.read_tags() if track_id in wanted}
    return [known.get(track_id, Tags("")) for track_id in track_ids]
