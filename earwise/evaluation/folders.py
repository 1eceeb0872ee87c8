"""Folders as labels: does a track's nearest neighbour lie in the same album, soundtrack or artist's folder?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earwise.evaluation import baselines
from earwise.evaluation.baselines import Allowed
from earwise.evaluation.collection import Collection
from earwise.evaluation.evaluate import ranked_lists
from earwise.evaluation.measures import Lists, precision
from earwise.ranking.catalogue import Rows, number_artists
from earwise.ranking.metric import Matrix
from earwise.store import Store

_NEAREST = 5
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class FolderFigures:
    """Share of the nearest track, and of the nearest five, that lie in the seed's folder."""

    p1: float | None
    p5: float | None


@dataclass(frozen=True, slots=True)
class FolderComparison:
    """For Earwise, for MinMax Euclidean on means and deviations, and for bliss where it could be asked."""

    earwise: FolderFigures
    minmax_euclidean: FolderFigures
    bliss: FolderFigures | None


def top_folder(root: str, path: bytes) -> str:
    """The top-level folder under its root that a file lies in.

    >>> top_folder("cds", b"Abba/Arrival/01.flac"), top_folder("cds", b"01.flac")
    ('cds/Abba', '')
    """
    folder, slash, _ = path.partition(b"/")
    return f"{root}/{folder.decode('utf-8', 'backslashreplace')}" if slash else ""


def read_folders(store: Store, track_ids: Sequence[str]) -> list[str]:
    """The top-level folder of each track's first file; empty for a track that has left the library."""
    found: dict[str, str] = {}
    for start in range(0, len(track_ids), _BATCH):
        for track_id, track in store.tracks.get_many(track_ids[start : start + _BATCH]).items():
            location = track.files[0].location
            found[track_id] = top_folder(location.root, location.path)
    return [found.get(track_id, "") for track_id in track_ids]


def judge_folders(collection: Collection, folders: Iterable[str], bliss: Matrix | None) -> FolderComparison:
    """Compare neighbours with folders; tracks that are alone in their folder are not asked for.

    Parameters
    ----------
    bliss : ndarray [shape=(n, m), dtype=float32] or None
        bliss's vectors of the same tracks, not numbers where it could not read a file.
    """
    labels = number_artists(list(folders))
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    if bliss is not None:
        labels = np.where(np.isfinite(bliss).all(axis=1), labels, -1)
    queries = np.flatnonzero((labels >= 0) & (sizes[labels] > 1))
    nobody = np.full(len(labels), -1)
    allowed = Allowed(collection.catalogue.groups.copies, nobody, labels >= 0)
    ours = ranked_lists(collection.metric, collection.catalogue, queries, allowed, _NEAREST)
    plain = baselines.nearest(baselines.scale_to_range(collection.plain), queries, allowed, _NEAREST)
    return FolderComparison(
        earwise=_figures(ours, labels, queries),
        minmax_euclidean=_figures(plain, labels, queries),
        bliss=None
        if bliss is None
        else _figures(baselines.nearest(np.nan_to_num(bliss), queries, allowed, _NEAREST), labels, queries),
    )


def _figures(lists: Lists, labels: Rows, queries: Rows) -> FolderFigures:
    return FolderFigures(precision(lists[:, :1], labels, queries), precision(lists, labels, queries))
