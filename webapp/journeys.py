"""How radio and paths read the graph of neighbours, past the tracks that have left the library since the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from earwise.ranking.journeys import Lists, Step, find_path, sources_of, tune_in
from earwise.store.ranked_lists import Neighbour
from earwise.store.search import fold_text
from earwise.store.tracks import FOUND_AT_ONCE, Track, TrackState
from webapp.context import store
from webapp.tracks import became_all

_TRACKS_AT_A_TIME = 25
_MOST_SEEDS = 25
# Tracks that are looked up to find these: as some may have left, all of a list; where all of them have, once more.
_LOOKED_UP = (50, FOUND_AT_ONCE - 1)


def begin_with_track(seed: Track) -> list[Track]:
    """A radio that begins with a track, if that is there."""
    following = _continue([seed.track_id], [seed.track_id])
    return [seed, *following] if seed.state is TrackState.READY else following


def begin_near(seeds: Sequence[str]) -> list[Track]:
    """A radio of what is near these tracks."""
    return _continue(seeds[:_MOST_SEEDS], ())


def go_on(played: Sequence[str]) -> list[Track]:
    """What comes after the tracks that were played, the last one last."""
    return _continue(sources_of(played), played)


def find_way(first: str, last: str) -> list[Track] | None:
    """A path between two tracks, or what they have become; None where there is none in few steps, or one is not there.

    Two queries for the lists and one for the tracks; more where many have left, or an id is a former one.
    """
    way = _find_way(first, last)
    if way is None and (became := became_all(first, last)) != [first, last]:
        way = _find_way(*became)
    return way


def _find_way(first: str, last: str) -> list[Track] | None:
    serving = store().serving
    tracks: dict[str, Track] = {}

    def find_there(track_ids: Sequence[str]) -> dict[str, Track]:
        tracks.update(store().tracks.get_many(track_ids))
        return tracks

    model_id, around = serving.find_surroundings([first, last])

    def look_up(track_ids: Sequence[str]) -> Lists:
        return _steps(serving.find_lists(track_ids, model_id=model_id))

    way = find_path(first, last, _steps(around), look_up, find_there)
    return [tracks[track_id] for track_id in way] if way is not None else None


def _steps(lists: Mapping[str, Sequence[Neighbour]]) -> Lists:
    return {
        track_id: [Step(near.track_id, _fold(near.artist), near.distance) for near in ranked]
        for track_id, ranked in lists.items()
    }


@lru_cache(10_000)
def _fold(artist: str) -> str:
    """An artist by any spelling, as lists of artists have it; a graph names each many times."""
    return fold_text(artist)


def _continue(seeds: Sequence[str], played: Sequence[str]) -> list[Track]:
    """The next tracks, chosen from those that are there."""
    lists = _steps(store().serving.find_lists(seeds)) if seeds else {}
    last, artist, used = seeds[-1] if seeds else "", "", set(played)
    tracks: dict[str, Track] = {}
    for most in _LOOKED_UP:
        candidates = [step.track_id for step in tune_in(lists, last, artist, used, most)]
        if not candidates:
            break
        # The one that was played last is read along, for its artist.
        tracks |= store().tracks.get_many([*played[-1:], *candidates])
        before = (tracks.get(last) or store().tracks.get(last)) if last in played else None
        artist = _fold(before.tags.artist) if before else ""
        used.update(track_id for track_id in candidates if track_id not in tracks)
        if chosen := tune_in(lists, last, artist, used, _TRACKS_AT_A_TIME, tracks):
            return [tracks[step.track_id] for step in chosen]
    return []
