"""Names of clusters: from the tags where these say something, from the most typical track otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from earwise.store.tracks import Tags

_SMALLEST_SHARE = 0.3  # of a cluster's tracks that carry the tag
_SMALLEST_LIFT = 1.5  # times its share of the whole library


def name_clusters(members: Mapping[int, Sequence[Tags]]) -> dict[int, str]:
    """Give every cluster a name of its own.

    Parameters
    ----------
    members : mapping of int to sequence of Tags
        Tags of the tracks of each cluster, the most typical first.

    >>> name_clusters({0: [Tags("a", genre="Jazz")] * 3, 1: [Tags("b", genre="Rock")] * 3, 2: [Tags("Hum")]})
    {0: 'Jazz', 1: 'Rock', 2: 'Like “Hum”'}
    """
    library = [tags for tracks in members.values() for tags in tracks]
    names: dict[int, str] = {}
    for number in sorted(members, key=lambda number: (-len(members[number]), number)):
        names[number] = _first_free(_candidates(members[number], library), names.values())
    return {number: names[number] for number in members}


def _candidates(tracks: Sequence[Tags], library: Sequence[Tags]) -> list[str]:
    genres = _telling([tags.genre for tags in tracks], [tags.genre for tags in library])
    artists = _telling([tags.artist for tags in tracks], [tags.artist for tags in library])
    combined = [f"{genre} · {artist}" for genre in genres for artist in artists]
    typical = [f"Like “{tags.title}”" for tags in tracks]
    return [*genres, *combined, *artists, *typical]


def _telling(values: Iterable[str], everywhere: Iterable[str]) -> list[str]:
    here, library = Counter(values), Counter(everywhere)
    size, total = here.total(), library.total()
    return [
        value
        for value, count in sorted(here.items(), key=lambda item: (-item[1], item[0]))
        if value and count >= _SMALLEST_SHARE * size and count / size >= _SMALLEST_LIFT * library[value] / total
    ]


def _first_free(candidates: Sequence[str], taken: Iterable[str]) -> str:
    used = set(taken)
    free = next((name for name in candidates if name not in used), None)
    return free if free is not None else f"Sound {len(used) + 1}"
