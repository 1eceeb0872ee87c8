"""How well a track fits what was typed: by the field that holds the word, and whether it stands there whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from earwise.store.search import MOST_WORDS, SEARCHED, fold_text, fold_words, prefixes, search_terms, searched_texts
from earwise.tags import Tags

# How much it says that a word stands in this field, whole, or begun.
_WEIGHTS = (8.0, 6.0, 3.0, 1.0, 3.0)
_FIELDS = tuple(zip(SEARCHED, _WEIGHTS, strict=True))
_WHOLE_WORD, _FIRST_WORD, _WHOLE_FIELD = 1.5, 1.25, 2.0
# Where that is the same, the field of fewer words says more, up to so many.
_LONG_FIELD = 7


def term_scores(tags: Tags) -> dict[str, float]:
    """Every word of the tags and its prefixes, with how well a track of these tags fits each.

    Returns
    -------
    dict of str to float
        Multiples of an eighth, below 16.

    >>> scores = term_scores(Tags("Ivory Tower", "Savino", "Ocean"))
    >>> scores["ivory"] > scores["ivo"] > scores["tow"] > scores["oce"]
    True
    """
    scores: dict[str, float] = {}
    all_words = 0
    for name, weight in _FIELDS:
        words, fits = _fits(getattr(tags, name))
        all_words += words
        shortness = max(0, _LONG_FIELD - words) / 8
        for term, fit in fits.items():
            scores[term] = max(scores.get(term, 0.0), fit * weight + shortness)
    if all_words <= MOST_WORDS:
        return scores
    # Of very many words, those by which the track is found.
    held = set(search_terms(*searched_texts(tags)))
    return {term: score for term, score in scores.items() if term in held}


def whole_field_scores(tags: Tags) -> dict[str, float]:
    """What is added where all that was typed, folded, is the whole of a field.

    >>> whole_field_scores(Tags("Ivory Tower", "Savino"))
    {'savino': 12.0, 'ivory tower': 16.0}
    """
    return {
        text: _WHOLE_FIELD * weight for name, weight in reversed(_FIELDS) if (text := fold_text(getattr(tags, name)))
    }


def relevance(tags: Tags, terms: Sequence[str]) -> float | None:
    """How well tags fit the terms that were typed; None where they lack one of them."""
    scores = term_scores(tags)
    if not all(term in scores for term in terms):
        return None
    return sum(scores[term] for term in terms) + whole_field_scores(tags).get(" ".join(terms), 0.0)


# Neighbours in a list mostly share artist, album and genre.
@lru_cache(maxsize=512)
def _fits(text: str) -> tuple[int, Mapping[str, float]]:
    """How many words a field has, and how well it fits each of them and its prefixes."""
    words, fits = fold_words(text), dict[str, float]()
    for place, word in enumerate(words):
        for term in prefixes(word):
            fits.setdefault(term, _FIRST_WORD if place == 0 else 1.0)
    for word in words:
        if word in fits:
            fits[word] *= _WHOLE_WORD
    return len(words), MappingProxyType(fits)
