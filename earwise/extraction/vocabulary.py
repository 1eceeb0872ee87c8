"""What searches are answered by, made of all tracks' tags: the words there are, and the tracks of common ones."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earwise.store.postings import LISTED_FROM, LONGEST_LIST, NOTED_BY, STEPS, Beginning, Posting
from earwise.store.relevance import term_scores, whole_field_scores
from earwise.store.search import fold_words, longest_term, searched_texts
from earwise.store.tracks import sort_key
from earwise.tags import Tags

# A term that a track holds is a number that sorts as lists do: which term, how far the track is from the best, its
# place in the order of lists, its score. What goes beyond has no list, and is found as rare words are.
_TERM_BITS, _RANK_BITS, _PLACE_BITS, _SCORE_BITS = 26, 8, 22, 8
_MOST_TERMS, _WORST = 2**_TERM_BITS - 1, 2**_RANK_BITS - 1
_MOST_TRACKS, _MOST_SCORE = 2**_PLACE_BITS - 1, 2**_SCORE_BITS - 1
# Words noted of one beginning: a document has 16 MB at most. One that is not noted is looked for among all words.
_MOST_NOTED = 5_000


def count_words(tags: Iterable[Tags]) -> Counter[str]:
    """In how many tracks each word stands.

    >>> count_words([Tags("Ivory", "Savino"), Tags("Ivory Ivory")])["ivory"]
    2
    """
    counts: Counter[str] = Counter()
    for one in tags:
        counts.update(fold_words(" ".join(searched_texts(one))))
    return counts


def make_postings(entries: Sequence[tuple[str, Tags]], words: Mapping[str, int]) -> Iterator[Posting | Beginning]:
    """Lists of the terms that many tracks hold, and all beginnings with their words.

    Parameters
    ----------
    entries : sequence of (str, Tags)
        Every track's id and tags.
    words : dict of str to int
        Every word, with its number of tracks.
    """
    # Equally good tracks stand in the order of lists.
    in_order = sorted(entries, key=lambda entry: (sort_key(entry[1]), entry[0]))[:_MOST_TRACKS]
    ids = [track_id for track_id, _ in in_order]
    begun = _by_beginning(words)
    for term, holders in _holders(tags for _, tags in in_order):
        if len(term) <= NOTED_BY:
            yield Beginning(term, len(holders), begun.get(term, {}))
        if len(holders) >= LISTED_FROM:
            held = [ids[place] for place in (holders >> np.uint64(_SCORE_BITS) & np.uint64(_MOST_TRACKS)).tolist()]
            scores = (holders[:LONGEST_LIST] & np.uint64(_MOST_SCORE)) / STEPS
            yield Posting(term, held[:LONGEST_LIST], scores.tolist(), held[LONGEST_LIST:])


def _holders(tags: Iterable[Tags]) -> Iterator[tuple[str, NDArray[np.uint64]]]:
    """Each term, and what holds it, packed, the best first."""
    terms: dict[str, int] = {}
    packed = array("Q")
    for place, one in enumerate(tags):
        whole = whole_field_scores(one)
        for term, score in term_scores(one).items():
            if term not in terms and len(terms) == _MOST_TERMS:
                continue
            number = terms.setdefault(term, len(terms))
            rank = _WORST - round((score + whole.get(term, 0.0)) * STEPS)
            ranked = (number << _RANK_BITS | rank) << _PLACE_BITS | place
            packed.append(ranked << _SCORE_BITS | round(score * STEPS))
    numbers = np.frombuffer(packed, np.uint64) if packed else np.empty(0, np.uint64)
    numbers.sort()
    firsts = np.arange(len(terms) + 1, dtype=np.uint64) << np.uint64(_RANK_BITS + _PLACE_BITS + _SCORE_BITS)
    bounds = np.searchsorted(numbers, firsts).tolist()
    for term, (start, end) in zip(terms, pairwise(bounds), strict=True):
        yield term, numbers[start:end]


def _by_beginning(words: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Longer words, as much of them as is looked up, by how they begin; the commonest of very many."""
    begun: dict[str, Counter[str]] = {}
    for word, tracks in words.items():
        if len(word) > NOTED_BY:
            begun.setdefault(word[:NOTED_BY], Counter())[longest_term(word)] += tracks
    return {beginning: dict(sorted(found.most_common(_MOST_NOTED))) for beginning, found in begun.items()}
