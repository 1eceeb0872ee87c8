"""Ways through the graph of neighbours: radio, which goes on and on, and a path from one track to another."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

#: How many of the tracks that a radio has brought it is told of.
MOST_PLAYED = 500
_MOST_LOOKED_UP = 80
_LATEST = 20
# Tracks of a way and their stand-ins that are asked of at once: many take the store far longer.
_MOST_ASKED = 50
_MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbour of a track; a lower distance is more alike, and equal artists are one."""

    track_id: str
    artist: str
    distance: float


Lists = Mapping[str, Sequence[Step]]
LookUp = Callable[[Sequence[str]], Lists]
FindThere = Callable[[Sequence[str]], Collection[str]]
_Edges = Mapping[str, Mapping[str, float]]


def nearest_unused(lists: Lists, used: Collection[str], count: int) -> list[str]:
    """The tracks of these lists that are nearest to the one whose list they stand in, each once."""
    best: dict[str, float] = {}
    for step in _all_steps(lists):
        if step.track_id not in used:
            best[step.track_id] = min(step.distance, best.get(step.track_id, step.distance))
    return sorted(best, key=lambda track_id: (best[track_id], track_id))[:count]


def sources_of(played: Sequence[str]) -> list[str]:
    """The tracks that a radio goes on from: the latest, and some of those before, should it be stuck there.

    >>> sources_of([str(number) for number in range(100)])[:3], len(sources_of(["a"] * 100))
    (['0', '4', '8'], 40)
    """
    latest, before = played[-_LATEST:], played[:-_LATEST]
    return [*before[:: -(-len(before) // _LATEST) or 1], *latest]


def tune_in(
    lists: Lists,
    last: str,
    last_artist: str,
    used: Collection[str],
    count: int,
    there: Collection[str] | None = None,
) -> list[Step]:
    """The next tracks of a radio: each time the nearest neighbour of what plays that is left, of another artist.

    Where what plays has no such neighbour it goes on from the nearest track that is left of all. An artist plays twice
    in a row only where there is nobody else.

    Parameters
    ----------
    lists : dict of str to sequence of Step
        What is known of the graph.
    last, last_artist : str
        What plays before the first of them.
    used : collection of str
        Tracks that do not come (again).
    there : collection of str or None
        Those that are known to be in the library; None where all are. It takes no others, and ends before an artist
        would play twice in a row only since it is not known of somebody else.

    >>> near = {"a": [Step("b", "Ben", 0.1), Step("c", "Cem", 0.2)], "b": [Step("d", "Ben", 0.1)]}
    >>> [step.track_id for step in tune_in(near, "a", "Ann", {"a"}, 3)]
    ['b', 'c', 'd']
    """
    left = {step.track_id: step for step in sorted(_all_steps(lists), key=lambda step: -step.distance)}
    for track_id in used:
        left.pop(track_id, None)
    chosen: list[Step] = []
    known = {track_id: step for track_id, step in left.items() if there is None or track_id in there}
    while known and len(chosen) < count:
        near = [step for step in lists.get(last, ()) if step.track_id in known]
        step = _of_another(near, last_artist) or _of_another(known.values(), last_artist)
        if step is None and _of_another(left.values(), last_artist):
            break
        step = step or _nearest(known.values())
        del left[step.track_id], known[step.track_id]
        chosen.append(step)
        last, last_artist = step.track_id, step.artist
    return chosen


def find_path(first: str, last: str, around: Lists, look_up: LookUp, find_there: FindThere) -> list[str] | None:
    """A way from one track to another whose steps are small: the least sum of squared distances that is found.

    Squares make several small steps cheaper than a large one. Both ends are searched from at once: their neighbours'
    lists are looked up, and those of the nearest beyond.

    A model knows tracks that have left the library. Together with the tracks of a way it is asked of those that could
    stand in for them, so that a way past one that has left is found without asking again.

    Parameters
    ----------
    around : mapping
        The lists of both and of their neighbours.
    look_up : callable
        Gives the lists of further tracks.
    find_there : callable
        Gives those of some tracks that are in the library.

    Returns
    -------
    list of str or None
        With both ends; None where one of them is not there, or what is around it does not touch what is around the
        other.

    >>> graph = {"a": [Step("b", "", 0.2), Step("c", "", 0.5)], "b": [Step("c", "", 0.2)], "c": []}
    >>> find_path("a", "c", graph, lambda ids: {}, set)
    ['a', 'b', 'c']
    >>> find_path("a", "c", graph, lambda ids: {}, lambda ids: {"a", "c"})
    ['a', 'c']
    """
    beyond = [
        track_id for end in (first, last) for track_id in nearest_unused(_around(around, end), around, _MOST_LOOKED_UP)
    ]
    edges: _Edges = _join(dict(around) | dict(look_up(list(dict.fromkeys(beyond)))))
    there: set[str] = set()
    for _ in range(_MOST_TRIES):
        way = _shortest(edges, first, last)
        if way is None:
            return None
        asked = [*way, *_stand_ins(edges, way, _MOST_ASKED - len(way))]
        there.update(find_there(asked))
        if first not in there or last not in there:
            return None
        if found := _shortest(_among(edges, there), first, last):
            return found
        edges = _among(edges, edges.keys() - (set(asked) - there))
    return None


def _around(lists: Lists, track_id: str) -> Lists:
    """The lists of a track and of its neighbours."""
    return {one: lists.get(one, ()) for one in (track_id, *(step.track_id for step in lists.get(track_id, ())))}


def _join(lists: Lists) -> _Edges:
    """The tracks beside each, with the squares of their distances; a neighbour is one in both directions."""
    edges: dict[str, dict[str, float]] = {}
    for track_id, steps in lists.items():
        for step in steps:
            edges.setdefault(track_id, {})[step.track_id] = step.distance**2
            edges.setdefault(step.track_id, {}).setdefault(track_id, step.distance**2)
    return edges


def _among(edges: _Edges, kept: Collection[str]) -> _Edges:
    """What is left of them between these tracks."""
    return {
        track_id: {other: length for other, length in edges[track_id].items() if other in kept}
        for track_id in kept
        if track_id in edges
    }


def _stand_ins(edges: _Edges, way: Sequence[str], count: int) -> list[str]:
    """For each track between the ends those nearest to the two beside it, for one as many as for another."""
    share, found = count // max(len(way) - 2, 1), dict[str, None]()
    for before, after in zip(way, way[2:], strict=False):
        others = (edges[before].keys() & edges[after].keys()).difference(way)
        cost = {other: edges[before][other] + edges[after][other] for other in others}
        found |= dict.fromkeys(heapq.nsmallest(share, cost, key=lambda other: (cost[other], other)))
    return list(found)


def _shortest(edges: _Edges, first: str, last: str) -> list[str] | None:
    """By Dijkstra."""
    queue: list[tuple[float, int, str, tuple[str, ...]]] = [(0.0, 0, first, ())]
    done: set[str] = set()
    while queue:
        cost, hops, here, before = heapq.heappop(queue)
        if here in done:
            continue
        done.add(here)
        if here == last:
            return [*before, here]
        for track_id, length in edges.get(here, {}).items():
            if track_id not in done:
                heapq.heappush(queue, (cost + length, hops + 1, track_id, (*before, here)))
    return None


def _all_steps(lists: Lists) -> Iterable[Step]:
    return (step for steps in lists.values() for step in steps)


def _nearest(steps: Iterable[Step]) -> Step:
    return min(steps, key=lambda step: (step.distance, step.track_id))


def _of_another(steps: Iterable[Step], artist: str) -> Step | None:
    others = [step for step in steps if not artist or step.artist != artist]
    return _nearest(others) if others else None
