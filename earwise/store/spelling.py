"""Corrects misspelt words by those of the library, without a scan.

Two words within two edits of each other share what is left of both after taking up to two letters out (W. Garbe's
symmetric deletion). Only the first letters are varied, so that a long word has few keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from earwise.store.search import prefixes

_VARIED_LETTERS = 7


def edits_allowed(word: str) -> int:
    """How many slips of the finger a word of this length may have.

    >>> [edits_allowed(word) for word in ("the", "ivory", "svefn-g")]
    [0, 1, 2]
    """
    return 0 if len(word) < 4 else 1 if len(word) < 6 else 2


def shortened(word: str) -> set[str]:
    """What is left of a word's first letters without up to as many as `edits_allowed`, and these letters themselves.

    >>> sorted(shortened("ivory"))
    ['iory', 'ivor', 'ivory', 'ivoy', 'ivry', 'vory']
    """
    start = word[:_VARIED_LETTERS]
    return {
        "".join(letters)
        for count in range(edits_allowed(word) + 1)
        for letters in combinations(start, len(start) - count)
    }


def word_keys(word: str) -> set[str]:
    """Everything under which a word of the library is found: its prefixes, and its shortened forms."""
    return shortened(word) | prefixes(word)


def edit_distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that make one word the other.

    >>> edit_distance("sigur", "sgiur"), edit_distance("ivory", "ivry"), edit_distance("a", "bcd")
    (1, 1, 3)
    """
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = above, row, [i] + [0] * len(other)
        for j, wanted in enumerate(other, 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                row[j] = min(row[j], before[j - 2] + 1)
    return row[-1]


def correct(word: str, known: Mapping[str, int]) -> str | None:
    """The word that was meant, of those that may have been; None where none is near enough.

    Parameters
    ----------
    known : dict of str to int
        Words of the library, with the number of tracks that hold them.

    Returns
    -------
    str or None
        `word` itself where it begins one of them; else the nearest, and of several equally near the one of most tracks.

    >>> correct("sgiur", {"sigur": 3, "signal": 9}), correct("sig", {"sigur": 3}), correct("xyz", {"sigur": 3})
    ('sigur', 'sig', None)
    """
    if any(other.startswith(word) for other in known):
        return word
    # A word that is still being typed is compared with as much of the others.
    near = [(_distance(word, other), -count, other) for other, count in known.items()]
    allowed = [found for found in near if found[0] <= edits_allowed(word)]
    return min(allowed)[2] if allowed else None


def _distance(word: str, other: str) -> int:
    whole = edit_distance(word, other)
    return min(whole, edit_distance(word, other[: len(word)]) + 1)
