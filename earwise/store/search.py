"""Words of a track as they are searched: folded, with their prefixes.

The prefixes are written with the track, so that finding a track while its name is being typed is an exact look-up in
a multikey index; MongoDB's text indexes are not in the API that every server here speaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from earwise.tags import Tags

_LONGEST_PREFIX = 12
#: Words by which a track is found.
MOST_WORDS = 40
#: Tags whose words a track is found by; where it has more words than that, the last are left out.
SEARCHED = ("title", "artist", "album", "genre", "album_artist")
_WORD = re.compile(r"\w+")
# Letters that do not decompose into a base letter and an accent.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})


def fold_text(text: str) -> str:
    """Fold case and accents.

    >>> fold_text("Sigur Rós – Ágætis Byrjun")
    'sigur ros – agaetis byrjun'
    """
    if text.isascii():  # which most names are, at a tenth of the time
        return text.lower()
    # Decomposed first, because letters of other styles have a case only then; and again, for what folding brings forth.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter)).translate(_LETTERS)


def fold_words(text: str) -> list[str]:
    """Words of a text, folded, each once, in order.

    >>> fold_words("The Wall (The Remaster)")
    ['the', 'wall', 'remaster']
    """
    return list(dict.fromkeys(_WORD.findall(fold_text(text))))[:MOST_WORDS]


def prefixes(word: str) -> set[str]:
    """What a word begins with, up to as many letters as are looked up of one.

    >>> sorted(prefixes("ivory"))
    ['i', 'iv', 'ivo', 'ivor', 'ivory']
    """
    return {word[:length] for length in range(1, min(len(word), _LONGEST_PREFIX) + 1)}


def search_terms(*texts: str) -> list[str]:
    """Every folded word of the texts and its prefixes, sorted.

    >>> search_terms("Ivory")
    ['i', 'iv', 'ivo', 'ivor', 'ivory']
    """
    return sorted(set().union(*map(prefixes, fold_words(" ".join(texts)))))


def searched_texts(tags: Tags) -> tuple[str, ...]:
    """What of a track is searched.

    >>> searched_texts(Tags("Ivory", "Savino", album_artist="Various artists"))
    ('Ivory', 'Savino', '', '', 'Various artists')
    """
    return tuple(getattr(tags, name) for name in SEARCHED)


def query_terms(words: Iterable[str]) -> list[str]:
    """The terms that all must stand with a track for it to match words that were typed.

    >>> query_terms(fold_words("Savino  ivo"))
    ['savino', 'ivo']
    """
    return [longest_term(word) for word in words]


def longest_term(word: str) -> str:
    """A word, or as much of it as is looked up."""
    return word[:_LONGEST_PREFIX]
