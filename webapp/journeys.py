"""How radio and paths read the graph of neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earwise.ranking.journeys import Lists, Step, find_path, sources_of, tune_in
from earwise.store.ranked_lists import Neighbour
from webapp.context import store

_TRACKS_AT_A_TIME = 25
_MOST_SEEDS = 25


def begin_with_track(track_id: str, artist: str) -> list[str]:
    """A radio that begins with a track."""
    return [track_id, *_continue([track_id], [track_id], artist)]


def begin_near(seeds: Sequence[str]) -> list[str]:
    """A radio of what is near these tracks."""
    return _continue(seeds[:_MOST_SEEDS], (), "")


def go_on(played: Sequence[str]) -> list[str]:
    """What comes after the tracks that were played, the last one last."""
    last = store().tracks.get(played[-1])
    return _continue(sources_of(played), played, last.tags.artist if last else "")


def find_way(first: str, last: str) -> list[str] | None:
    """A path between two tracks; None where there is none in few steps."""
    serving = store().serving
    model_id, around = serving.find_surroundings([first, last])
    return find_path(first, last, _steps(around), lambda ids: _steps(serving.find_lists(ids, model_id=model_id)))


def _steps(lists: Mapping[str, Sequence[Neighbour]]) -> Lists:
    return {
        track_id: [Step(near.track_id, near.artist, near.distance) for near in ranked]
        for track_id, ranked in lists.items()
    }


def _continue(seeds: Sequence[str], used: Sequence[str], last_artist: str) -> list[str]:
    lists = _steps(store().serving.find_lists(seeds)) if seeds else {}
    last = seeds[-1] if seeds else ""
    return [step.track_id for step in tune_in(lists, last, last_artist, set(used), _TRACKS_AT_A_TIME)]
