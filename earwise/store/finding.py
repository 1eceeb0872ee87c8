"""Finds tracks by what is typed: by lists of the best where many tracks hold a word, by their own terms elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from earwise.store.client import Store
from earwise.store.postings import Posting, PostingsOfTerms
from earwise.store.relevance import relevance
from earwise.store.search import query_terms
from earwise.store.spelling import correct
from earwise.store.tracks import Track

# Tracks that are read for a query of several common words, since lists do not tell where such words stand together.
_COMPARED = 50


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


def find_tracks(store: Store, query: str, *, limit: int) -> Found:
    """Ready tracks whose title, artist, album or genre hold every word typed, whole or begun; at most three queries."""
    typed = query_terms(query)
    if not typed:
        return Found(())
    known = store.postings.of(typed)
    unknown = [term for term in typed if not known.count(term)]
    if not unknown:
        return _find_known(store, known, typed, limit)
    near = store.words.near(unknown)
    meant = [correct(term, near) if term in unknown else term for term in typed]
    words = [word for word in meant if word is not None]
    if len(words) < len(typed) or words == typed:
        # What came into the library since its lists were written is found all the same.
        return _ranked(store.tracks.with_terms(typed), typed, limit)
    terms = query_terms(" ".join(words))
    rarest = min(terms, key=lambda term: near.get(term) or known.count(term))
    found = _ranked(store.tracks.with_terms(terms, rarest=rarest), terms, limit)
    return replace(found, corrected=" ".join(words)) if found.tracks else found


def _find_known(store: Store, known: PostingsOfTerms, terms: Sequence[str], limit: int) -> Found:
    if unlisted := [term for term in terms if term not in known]:
        rarest = min(unlisted, key=known.count)
        return _ranked(store.tracks.with_terms(terms, rarest=rarest), terms, limit)
    best, count = _best_of_all([known.read(term) for term in terms])
    compared = best[: limit if len(terms) == 1 else max(limit, _COMPARED)]
    found = _ranked(store.tracks.get_many(compared).values(), terms, limit)
    return replace(found, is_cut=found.is_cut or count > len(compared))


def _best_of_all(lists: Sequence[Posting]) -> tuple[Sequence[str], int]:
    """Tracks that may stand in all lists, the best first, and how many there are."""
    shortest, *others = sorted(lists, key=lambda one: one.tracks)
    if not others:
        return shortest.ids, shortest.tracks
    sums = dict(zip(shortest.ids, shortest.scores, strict=True))
    for other in others:
        scores = dict(zip(other.ids, other.scores, strict=True))
        # Who is not among the best of many may still be one of the many.
        sums = {
            track_id: score + scores.get(track_id, 0.0)
            for track_id, score in sums.items()
            if track_id in scores or not other.is_complete
        }
    return sorted(sums, key=lambda track_id: -sums[track_id]), len(sums)


def _ranked(tracks: Iterable[Track], terms: Sequence[str], limit: int) -> Found:
    fits = [(relevance(track.tags, terms), track.sort_key, track) for track in tracks]
    # A list may name a track whose tags have changed since.
    held = [(-fit, place, track) for fit, place, track in fits if fit is not None]
    held.sort(key=itemgetter(0, 1))
    return Found(tuple(track for _, _, track in held[:limit]), is_cut=len(held) > limit)
