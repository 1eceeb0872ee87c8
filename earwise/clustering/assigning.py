"""Assign: gives tracks that came after training their place in a model, with numpy alone.

What to do is an anti-join: ready tracks without an assignment in the model. For each, first its own list is written,
then it enters the lists of those it belongs to, and its assignment comes last. So a run that was killed is simply
repeated, and nothing is there twice.

Two may run at once, as after an extraction and around the flip of a model. A list is therefore only ever merged with
what it holds, and written if nobody wrote it since it was read.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import batched
from pathlib import Path

import numpy as np

from earwise.clustering.drawing import draw_map
from earwise.evaluation.collection import name_tags
from earwise.log import fields
from earwise.ranking.artefact import Artefact, load_artefact
from earwise.ranking.catalogue import Catalogue, Groups, Rows
from earwise.ranking.lists import LIST_LENGTH
from earwise.ranking.metric import Matrix
from earwise.ranking.neighbours import Queries, Ranking, queries_of, rank_neighbours
from earwise.ranking.preparation import make_catalogue
from earwise.store import Store
from earwise.store.model_parts import Assignment
from earwise.store.ranked_lists import Neighbour, RankedList
from earwise.tags import Tags

log = logging.getLogger(__name__)

# A track enters the lists of at most so many others: of those it is nearest to, which are those whose lists it can be
# in, since Mutual Proximity is the same from both sides.
_REACH = 1_000
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Library:
    """All ready tracks that have features of the model's version, in order of id."""

    track_ids: list[str]
    tags: list[Tags]
    features: Matrix


def assign_tracks(store: Store, model_folder: Path, model_id: str, *, list_length: int = LIST_LENGTH) -> int:
    """Give every ready track that a model does not know its cluster, place and lists; returns how many.

    The model's clusters are counted and its map is drawn anew where tracks have come, also by a run that was killed
    before it could.

    Raises
    ------
    ModelNotFoundError
        If the model's files are gone.
    """
    clusters = dict(store.model_parts.read_clusters_of_tracks(model_id))
    unknown = [track_id for track_id in store.tracks.ready_ids() if track_id not in clusters]
    artefact = load_artefact(model_folder, model_id)
    if not any(store.features.has(track_id, artefact.feature_version) for track_id in unknown):
        draw_map(store, model_id)
        return 0
    library = _read_library(store, artefact.feature_version)
    # Not `unknown`: an extraction may have added tracks since.
    newcomers = np.array([row for row, found in enumerate(library.track_ids) if found not in clusters], np.int64)
    names = name_tags([tags.title for tags in library.tags], [tags.artist for tags in library.tags])
    catalogue = make_catalogue(artefact.metric, artefact.reference, library.features, library.track_ids, names)
    assigning = _Assigning(store, artefact, library, catalogue, newcomers, clusters, list_length)
    for rows in batched(newcomers.tolist(), _BATCH):
        assigning.assign(np.array(rows, np.int64))
    draw_map(store, model_id)
    log.info("tracks assigned", extra=fields(model_id=model_id, tracks=len(newcomers)))
    return len(newcomers)


class _Assigning:
    """One pass over a model."""

    def __init__(
        self,
        store: Store,
        artefact: Artefact,
        library: _Library,
        catalogue: Catalogue,
        newcomers: Rows,
        clusters: Mapping[str, int],
        list_length: int,
    ) -> None:
        self._store, self._artefact, self._library, self._catalogue = store, artefact, library, catalogue
        self._list_length = list_length
        self._row_of = {track_id: row for row, track_id in enumerate(library.track_ids)}
        self._hosts = np.setdiff1d(np.arange(len(library.track_ids)), newcomers, assume_unique=True)
        self._clusters, self._distance_of = dict(clusters), dict[int, float]()
        for rows in batched(newcomers.tolist(), _BATCH):
            numbers, distances = self._nearest_clusters(library.features[list(rows)])
            self._distance_of.update(zip(rows, distances, strict=True))
            self._clusters.update(zip((library.track_ids[row] for row in rows), numbers, strict=True))

    def assign(self, rows: Rows) -> None:
        """Write everything of some new tracks, their assignments last."""
        model_id, metric = self._artefact.model_id, self._artefact.metric
        queries = queries_of(self._catalogue, rows)
        ranking = Ranking(self._list_length, self._artefact.most_per_artist)
        lists = rank_neighbours(metric, queries, self._catalogue, ranking)
        own = {
            self._library.track_ids[row]: [self._describe(*pair) for pair in _pairs(one.rows, one.distances)]
            for row, one in zip(rows, lists, strict=True)
        }
        present = self._store.model_parts.add_neighbours(model_id, own.items())
        self._merge_lists({track_id: own[track_id] for track_id in present})
        self._enter_lists(rows)
        self._store.model_parts.put_assignments(model_id, self._assignments(rows))

    def _nearest_clusters(self, features: Matrix) -> tuple[list[int], list[float]]:
        # Beyond the bounds that scaling learnt, a feature counts for at most one range more on either side.
        scaled = self._artefact.clusters.scale(features)
        apart = np.linalg.norm(scaled[:, None, :] - self._artefact.clusters.centroids, axis=2)
        nearest = apart.argmin(axis=1)
        numbers = [self._artefact.clusters.numbers[place] for place in nearest]
        return numbers, apart[np.arange(len(apart)), nearest].tolist()

    def _assignments(self, rows: Rows) -> Iterator[Assignment]:
        profiles, around = self._catalogue.profiles[rows], self._catalogue.surroundings.take(rows)
        places = self._artefact.projection.place(self._artefact.metric, profiles)
        for row, place, centre, spread in zip(rows.tolist(), places, around.centre, around.spread, strict=True):
            track_id = self._library.track_ids[row]
            x, y = place.tolist()
            surroundings = (float(centre), float(spread))
            yield Assignment(track_id, self._clusters[track_id], self._distance_of[row], (x, y), surroundings)

    def _enter_lists(self, rows: Rows) -> None:
        if not len(self._hosts):
            return
        entering: dict[str, list[Neighbour]] = defaultdict(list)
        nowhere = np.full(len(rows), -1)
        queries = Queries(self._catalogue.profiles[rows], self._catalogue.surroundings.take(rows), nowhere, nowhere)
        found = rank_neighbours(self._artefact.metric, queries, self._host_catalogue, Ranking(_REACH))
        for newcomer, one in zip(rows.tolist(), found, strict=True):
            for row, distance in _pairs(self._hosts[one.rows], one.distances):
                entering[self._library.track_ids[row]].append(self._describe(newcomer, distance))
        self._merge_lists(entering)

    @cached_property
    def _host_catalogue(self) -> Catalogue:
        """Tracks that have lists, each for itself: copies of a recording have a list each, and all are entered."""
        own, nobody = np.arange(len(self._hosts)), np.full(len(self._hosts), -1)
        around = self._catalogue.surroundings.take(self._hosts)
        return Catalogue(self._catalogue.profiles[self._hosts], around, Groups(own, nobody))

    def _merge_lists(self, entering: Mapping[str, list[Neighbour]]) -> None:
        """Bring these neighbours into the lists that tracks have; a track that has none stays without."""
        model_id, parts = self._artefact.model_id, self._store.model_parts
        for hosts in batched(entering, _BATCH):
            is_done = False
            while not is_done:
                merged = (self._merge(one, entering[one.track_id]) for one in parts.lists_of(model_id, hosts))
                is_done = parts.replace_lists(model_id, [one for one in merged if one is not None])

    def _merge(self, present: RankedList, entering: list[Neighbour]) -> RankedList | None:
        """The list with those that belong in it; None where it stays as it is."""
        known = {near.track_id for near in present.neighbours}
        near = self._choose(
            self._row_of[present.track_id],
            [*present.neighbours, *(one for one in entering if one.track_id not in known)],
        )
        return None if near == present.neighbours else dataclasses.replace(present, neighbours=near)

    def _choose(self, host: int, near: list[Neighbour]) -> tuple[Neighbour, ...]:
        """The nearest of these, by the rules that every list follows."""
        groups, most = self._catalogue.groups, self._artefact.most_per_artist
        recordings, artists = {int(groups.copies[host])}, defaultdict[int, int](int)
        kept: list[Neighbour] = []
        for one in sorted(near, key=lambda one: one.distance):
            row = self._row_of.get(one.track_id)  # None for a track that has left the library: readers skip it
            recording, artist = (-1, -1) if row is None else (int(groups.copies[row]), int(groups.artists[row]))
            if recording in recordings or (artist >= 0 and most and artists[artist] >= most):
                continue
            if recording >= 0:
                recordings.add(recording)
            artists[artist] += 1
            kept.append(one)
        return tuple(kept[: self._list_length])

    def _describe(self, row: int, distance: float) -> Neighbour:
        track_id = self._library.track_ids[row]
        return Neighbour(track_id, distance, self._clusters[track_id], self._library.tags[row].artist)


def _pairs(rows: Rows, distances: Matrix) -> Iterable[tuple[int, float]]:
    return zip(rows.tolist(), distances.tolist(), strict=True)


def _read_library(store: Store, version: str) -> _Library:
    ready = {track_id: tags for track_id, tags, _ in store.tracks.read_tags()}
    found = store.features.of_version(version)
    kept = [(one.audio_id, one.vector) for one in found if one.audio_id in ready]
    track_ids = [track_id for track_id, _ in kept]
    return _Library(
        track_ids,
        [ready[track_id] for track_id in track_ids],
        np.array([vector for _, vector in kept], np.float32),
    )
