"""Lists of tracks as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from earwise.store.model_parts import Assignment, Cluster
from earwise.store.ranked_lists import Neighbour
from earwise.store.shelves import Page
from earwise.store.tracks import Track
from webapp.context import store


@dataclass(frozen=True, slots=True)
class Row:
    """One track of a list.

    Attributes
    ----------
    distance : float or None
        From the seed track, or from the middle of the cluster.
    share : float
        The distance as a share of the longest one in the list, in [0, 1].
    stars : int
        The listener's own rating; 0 where there is none, or none is shown.
    at : datetime or None
        When it was played.
    is_again : bool
        Whether a row before it is of the same track.
    """

    track: Track
    cluster: Cluster | None = None
    distance: float | None = None
    share: float = 0.0
    stars: int = 0
    at: datetime | None = None
    is_again: bool = False


def ranked_rows(
    found: Sequence[Neighbour | Assignment],
    tracks: Mapping[str, Track],
    clusters: Mapping[int, Cluster],
    *,
    longest: float | None = None,
) -> list[Row]:
    """Rows of what a model found, in its order, without the tracks that have left the library.

    Parameters
    ----------
    longest : float or None
        The distance whose share each row shows; None for the longest of these.
    """
    longest = longest or max((near.distance for near in found), default=0.0) or 1.0
    return [
        Row(tracks[near.track_id], clusters.get(near.cluster), near.distance, near.distance / longest)
        for near in found
        if near.track_id in tracks
    ]


def listed_rows(page: Page) -> list[Row]:
    """Rows of the tracks on a page of a list."""
    return [Row(track) for track in listed_tracks(page)]


def listed_tracks(page: Page) -> list[Track]:
    """The tracks on a page of a list, without those that have left the library since; one query."""
    found = store().tracks.get_many(page.entries)
    return [found[track_id] for track_id in page.entries if track_id in found]
