"""Finds tracks by what is typed: looked up by one word, compared with the others, and ranked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earwise.store.search import fold_text, fold_words, query_terms
from earwise.store.spelling import correct_all
from earwise.store.tracks import Track, Tracks
from earwise.store.words import Words
from earwise.tags import Tags

# How much it says that a word stands in this field, whole, or begun.
_FIELDS = (("title", 8.0), ("artist", 6.0), ("album", 3.0), ("genre", 1.0))
_WHOLE_WORD, _FIRST_WORD, _WHOLE_FIELD = 1.5, 1.25, 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave.

    Attributes
    ----------
    tracks : tuple of Track
        The best first.
    corrected : str or None
        What was searched for in place of what was typed, where nothing of the library is spelt so.
    is_cut : bool
        Whether there are more.
    """

    tracks: tuple[Track, ...]
    corrected: str | None = None
    is_cut: bool = False


def find_tracks(tracks: Tracks, words: Words, query: str, *, limit: int) -> Found:
    """Ready tracks whose title, artist, album or genre hold every word typed, whole or begun; at most three queries."""
    typed = query_terms(query)
    if found := _ranked(tracks.with_terms(typed), typed):
        return Found(tuple(found[:limit]), is_cut=len(found) > limit)
    meant = correct_all(typed, words.near(typed)) if typed else None
    if meant is None or meant == typed:
        return Found(())
    # Where the words are known and yet no track has them all, there is nothing to correct.
    found = _ranked(tracks.with_terms(query_terms(" ".join(meant))), meant)
    return Found(tuple(found[:limit]), " ".join(meant) if found else None, len(found) > limit)


def _ranked(found: Iterable[Track], terms: Sequence[str]) -> list[Track]:
    return sorted(found, key=lambda track: (-relevance(track.tags, terms), track.sort_key))


def relevance(tags: Tags, terms: Sequence[str]) -> float:
    """How well tags fit the words that were typed.

    >>> tags = Tags("Ivory Tower", "Savino", "Ocean")
    >>> relevance(tags, ["ivory"]) > relevance(tags, ["ivo"]) > relevance(tags, ["tow"]) > relevance(tags, ["oce"])
    True
    """
    fields = [(fold_words(getattr(tags, name)), weight) for name, weight in _FIELDS]
    best = sum(max((_fit(words, term) * weight for words, weight in fields), default=0.0) for term in terms)
    typed = " ".join(terms)
    whole = max((weight for name, weight in _FIELDS if fold_text(getattr(tags, name)) == typed), default=0.0)
    return best + _WHOLE_FIELD * whole


def _fit(words: Sequence[str], term: str) -> float:
    places = [place for place, word in enumerate(words) if word.startswith(term)]
    if not places:
        return 0.0
    first = _FIRST_WORD if places[0] == 0 else 1.0
    return first * (_WHOLE_WORD if any(words[place] == term for place in places) else 1.0)
