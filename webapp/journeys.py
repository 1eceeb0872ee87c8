"""How radio and paths read the graph of neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from earwise.ranking.journeys import Lists, Step, sources_of, tune_in
from webapp.context import store

_TRACKS_AT_A_TIME = 25
MOST_SEEDS = 25


def begin_with_track(track_id: str, artist: str) -> list[str]:
    """A radio that begins with a track."""
    return [track_id, *_continue([track_id], [track_id], artist)]


def begin_near(seeds: Sequence[str]) -> list[str]:
    """A radio of what is near these tracks."""
    return _continue(seeds[:MOST_SEEDS], (), "")


def go_on(played: Sequence[str]) -> list[str]:
    """What comes after the tracks that were played, the last one last."""
    last = store().tracks.get(played[-1])
    return _continue(sources_of(played), played, last.tags.artist if last else "")


def look_up(track_ids: Sequence[str]) -> Lists:
    """What is known of the graph around these tracks."""
    lists = store().serving.find_lists(track_ids) if track_ids else {}
    return {
        track_id: [Step(near.track_id, near.artist, near.distance) for near in ranked]
        for track_id, ranked in lists.items()
    }


def _continue(seeds: Sequence[str], used: Sequence[str], last_artist: str) -> list[str]:
    last = seeds[-1] if seeds else ""
    return [step.track_id for step in tune_in(look_up(seeds), last, last_artist, set(used), _TRACKS_AT_A_TIME)]
