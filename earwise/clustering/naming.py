"""Names of clusters: from the tags where these say something, from the sound otherwise; kept while they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from earwise.store.tracks import Tags

_SMALLEST_SHARE = 0.3  # of a cluster's tracks that carry the tag
_SMALLEST_LIFT = 1.5  # times its share of the whole library
_KEPT = 2 / 3  # of both is enough for the name that a cluster had: near the limits, names would change every night


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a cluster may be named after.

    Attributes
    ----------
    tags : sequence of Tags
        Of its tracks, the most typical first.
    sounds : sequence of str
        Descriptions of how it sounds, the most telling first.
    former : str
        The name it had; empty for a new cluster.
    """

    tags: Sequence[Tags]
    sounds: Sequence[str] = ()
    former: str = ""


def name_clusters(portraits: Mapping[int, Portrait]) -> dict[int, str]:
    """Give every cluster a name of its own; one that had a name keeps it while the name holds.

    >>> jazz, rock = Portrait([Tags("a", genre="Jazz")] * 3), Portrait([Tags("b", genre="Rock")] * 3)
    >>> name_clusters({0: jazz, 1: rock, 2: Portrait([Tags("Hum")], ["Dark"]), 3: Portrait([Tags("Hum")])})
    {0: 'Jazz', 1: 'Rock', 2: 'Dark', 3: 'Like “Hum”'}
    """
    library = [tags for portrait in portraits.values() for tags in portrait.tags]
    names: dict[int, str] = {}
    for number in sorted(portraits):
        former = portraits[number].former
        if former and former not in names.values() and former in _candidates(portraits[number], library, _KEPT):
            names[number] = former
    unnamed = portraits.keys() - names.keys()
    for number in sorted(unnamed, key=lambda number: (-len(portraits[number].tags), number)):
        names[number] = _first_free(_candidates(portraits[number], library), names.values())
    return {number: names[number] for number in portraits}


def _candidates(portrait: Portrait, library: Sequence[Tags], strictness: float = 1.0) -> list[str]:
    tracks = portrait.tags
    genres = _telling([tags.genre for tags in tracks], [tags.genre for tags in library], strictness)
    artists = _telling([tags.artist for tags in tracks], [tags.artist for tags in library], strictness)
    by_artist = [f"{genre} · {artist}" for genre in genres for artist in artists]
    by_sound = [f"{genre} · {sound.lower()}" for genre in genres for sound in portrait.sounds]
    typical = [f"Like “{tags.title}”" for tags in tracks]
    return [*genres, *by_artist, *by_sound, *artists, *portrait.sounds, *typical]


def _telling(values: Iterable[str], everywhere: Iterable[str], strictness: float) -> list[str]:
    here, library = Counter(values), Counter(everywhere)
    size, total = here.total(), library.total()
    least_share, least_lift = strictness * _SMALLEST_SHARE, strictness * _SMALLEST_LIFT
    return [
        value
        for value, count in sorted(here.items(), key=lambda item: (-item[1], item[0]))
        if value and count >= least_share * size and count / size >= least_lift * library[value] / total
    ]


def _first_free(candidates: Sequence[str], taken: Iterable[str]) -> str:
    used = set(taken)
    numbered = (f"Sound {number}" for number in range(1, len(used) + 2))
    return next(name for name in [*candidates, *numbered] if name not in used)
