"""What searches are answered by, made of all tracks' tags: the words there are, and the tracks of common beginnings."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from earwise.store.postings import ALWAYS_LISTED, LISTED_FROM, LONGEST_LIST, Posting
from earwise.store.relevance import term_scores, whole_field_scores
from earwise.store.search import fold_words
from earwise.store.tracks import sort_key
from earwise.tags import Tags

# Scores are multiples of an eighth, below 32.
_STEPS, _MOST_STEPS = 8, 255
# Bits of a number that sorts as lists do: term, how far from the best, place in the order of lists; then the score.
_BITS = 24, 8, 24, 8


def count_words(tags: Iterable[Tags]) -> Counter[str]:
    """In how many tracks each word stands.

    >>> count_words([Tags("Ivory", "Savino"), Tags("Ivory Ivory")])["ivory"]
    2
    """
    counts: Counter[str] = Counter()
    for one in tags:
        counts.update(fold_words(" ".join((one.title, one.artist, one.album, one.genre))))
    return counts


def make_postings(entries: Sequence[tuple[str, Tags]], words: Mapping[str, int]) -> Iterator[Posting]:
    """The list of every beginning that is short or common.

    Parameters
    ----------
    entries : sequence of (str, Tags)
        Every track's id and tags.
    words : dict of str to int
        Every word, with its number of tracks.
    """
    # Equally good tracks stand in the order of lists.
    in_order = sorted(entries, key=lambda entry: (sort_key(entry[1]), entry[0]))
    ids = [track_id for track_id, _ in in_order]
    begun = _by_beginning(words)
    terms, holders = _sorted_holders(tags for _, tags in in_order)
    starts = np.searchsorted(holders, np.arange(len(terms) + 1, dtype=np.uint64) << np.uint64(sum(_BITS[1:]))).tolist()
    for term, start, end in zip(terms, starts, starts[1:], strict=False):
        if len(term) <= ALWAYS_LISTED or end - start >= LISTED_FROM:
            best = holders[start : min(end, start + LONGEST_LIST)]
            places = best >> np.uint64(_BITS[3]) & np.uint64(2 ** _BITS[2] - 1)
            scores = (best & np.uint64(2 ** _BITS[3] - 1)) / _STEPS
            yield Posting(term, end - start, [ids[place] for place in places], scores.tolist(), begun.get(term, {}))


def _sorted_holders(tags: Iterable[Tags]) -> tuple[list[str], NDArray[np.uint64]]:
    """All terms, and for each its tracks, the best first, as numbers of these `_BITS`."""
    _, rank_bits, place_bits, score_bits = _BITS
    terms: dict[str, int] = {}
    holders = array("Q")
    for place, one in enumerate(tags):
        whole = whole_field_scores(one)
        for term, score in term_scores(one).items():
            number = terms.setdefault(term, len(terms))
            rank = _MOST_STEPS - round((score + whole.get(term, 0.0)) * _STEPS)
            ranked = (number << rank_bits | rank) << place_bits | place
            holders.append(ranked << score_bits | round(score * _STEPS))
    found = np.frombuffer(holders, np.uint64) if holders else np.empty(0, np.uint64)
    found.sort()
    return list(terms), found


def _by_beginning(words: Mapping[str, int]) -> dict[str, dict[str, int]]:
    begun: dict[str, dict[str, int]] = {}
    for word in sorted(words):
        if len(word) > ALWAYS_LISTED:
            begun.setdefault(word[:ALWAYS_LISTED], {})[word] = words[word]
    return begun
