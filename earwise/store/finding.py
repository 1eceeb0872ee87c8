"""Finds tracks by what is typed: by lists of the best where many tracks hold a word, by their own terms elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter

from earwise.store.client import Store
from earwise.store.postings import LONGEST_LIST, KnownTerms, ListedTerm
from earwise.store.relevance import relevance
from earwise.store.search import fold_words, query_terms
from earwise.store.spelling import correct
from earwise.store.tracks import Track

# Tracks that are read for a query of several common words: lists do not tell where such words are a whole field.
_COMPARED = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave.

    Attributes
    ----------
    tracks : tuple of Track
        The best first.
    corrected : str or None
        What was searched for in place of what was typed, where nothing of the library is spelt so; of a search that
        leads on, what to search for.
    is_cut : bool
        Whether there are more, or may be.
    following : int or None
        How many to skip for those that come next; None where no more can be had.
    is_beyond : bool
        Whether more were to be skipped than there are.
    """

    tracks: tuple[Track, ...]
    corrected: str | None = None
    is_cut: bool = False
    following: int | None = None
    is_beyond: bool = False


def find_tracks(store: Store, query: str, *, limit: int, skip: int = 0, leads_on: bool = False) -> Found:
    """Ready tracks whose `SEARCHED` tags hold every word typed, whole or begun; at most three queries.

    Parameters
    ----------
    skip : int
        How many of the best have been seen: 0, or `following` of what was found before.
    leads_on : bool
        What was meant by misspelt words is told, to be searched for in its turn by the lists of its words. Otherwise
        that is done here, for which the queries are too few: of a common word any 2,000 tracks are looked through.
    """
    words, part = fold_words(query), _Part(skip, skip + limit)
    typed = query_terms(words)
    if not typed:
        return _cut((), part)
    known = store.postings.look_up(typed)
    unknown = [term for term in typed if not known.count(term)]
    if not unknown:
        return _find_known(store, known, typed, part)
    near = store.words.near(unknown)
    meant = _correct(words, unknown, near)
    # What came into the library since its words were noted is found as it was typed, whatever it is near to.
    rarest = [max(unknown, key=len)]
    if meant is not None and not leads_on:
        rarest.append(_rarest(query_terms(meant), known, near))
    tracks, is_cut = store.tracks.with_any_term(rarest)
    held = _rank(tracks, typed)
    if held or meant is None:
        return _cut(held, part, has_more=is_cut)
    if leads_on:
        return Found((), " ".join(meant))
    held = _rank(tracks, query_terms(meant))
    return replace(_cut(held, part, has_more=is_cut), corrected=" ".join(meant) if held else None)


def _correct(words: Sequence[str], unknown: Sequence[str], near: Mapping[str, int]) -> list[str] | None:
    """All words as they were meant; None where one of them can't have been, or all were."""
    meant: list[str] = []
    for word, term in zip(words, query_terms(words), strict=True):
        found = correct(term, near) if term in unknown else term
        if found is None:
            return None
        meant.append(word if found == term else found)
    return meant if meant != list(words) else None


def _rarest(terms: Sequence[str], known: KnownTerms, near: Mapping[str, int]) -> str:
    """Of terms that were typed or meant, the one by which fewest tracks have to be looked through."""
    few = [term for term in terms if 0 < known.count(term) <= LONGEST_LIST]
    if few:
        return min(few, key=known.count)
    # Of a word that was meant, only those are known that are near to what was typed, not all that begin with it.
    return min(terms, key=lambda term: known.count(term) or sum(near[word] for word in near if word.startswith(term)))


@dataclass(frozen=True, slots=True)
class _Part:
    """Which of all hits are wanted, by their places from 0."""

    first: int
    end: int


def _find_known(store: Store, known: KnownTerms, terms: Sequence[str], part: _Part) -> Found:
    lists = [known.listed(term) for term in terms]
    listed = [one for one in lists if one is not None]
    if len(listed) < len(lists):
        unlisted = [term for term, one in zip(terms, lists, strict=True) if one is None]
        tracks, is_cut = store.tracks.with_any_term([min(unlisted, key=known.count)])
        return _cut(_rank(tracks, terms), part, has_more=is_cut)
    best, unread = _best_of_all(listed)
    found = _read(store, best, terms, part)
    return replace(found, is_cut=found.is_cut or unread > 0)


def _read(store: Store, best: Sequence[str], terms: Sequence[str], part: _Part) -> Found:
    """A part of the best, which are compared block by block, whichever part is asked for.

    Places are those of the lists, so that each track is on one page, and on no other: where some have left the library,
    or have other tags by now, there are fewer.
    """
    size, begin = part.end - part.first, part.first
    if len(terms) > 1:
        size = max(size, _COMPARED)
        begin -= begin % size
    blocks = {start: best[start : start + size] for start in range(begin, min(part.end, len(best)), size)}
    tracks = store.tracks.get_many(chain.from_iterable(blocks.values()))
    shown: list[Track] = []
    is_cut = begin + len(blocks) * size < len(best)
    for start, block in blocks.items():
        held = _rank((tracks[track_id] for track_id in block if track_id in tracks), terms)
        shown += held[max(0, part.first - start) : part.end - start]
        is_cut = is_cut or len(held) > part.end - start
    following = part.end if is_cut else None
    return Found(tuple(shown), is_cut=is_cut, following=following, is_beyond=0 < part.first >= len(best))


def _best_of_all(lists: Sequence[ListedTerm]) -> tuple[list[str], int]:
    """Tracks that all lists hold, the best first, and how many may do so beside those that the shortest list names."""
    shortest, *others = sorted(lists, key=lambda one: one.tracks)
    best = shortest.best()
    unnamed_by_shortest = shortest.tracks - len(best)
    if not others:
        return best, unnamed_by_shortest
    sums = shortest.scores()
    for other in others:
        scores = other.scores()
        unnamed = other.unnamed_among([track_id for track_id in sums if track_id not in scores])
        sums = {
            track_id: score + scores.get(track_id, other.last_score)
            for track_id, score in sums.items()
            if track_id in scores or track_id in unnamed
        }
    return sorted(sums, key=lambda track_id: -sums[track_id]), unnamed_by_shortest


def _rank(tracks: Iterable[Track], terms: Sequence[str]) -> list[Track]:
    """Those of these tracks that hold all terms, the best first."""
    fits = [(relevance(track.tags, terms), track.sort_key, track) for track in tracks]
    # They may hold but one of the terms, and a list may name a track whose tags have changed since.
    held = [(-fit, place, track) for fit, place, track in fits if fit is not None]
    held.sort(key=itemgetter(0, 1))
    return [track for _, _, track in held]


def _cut(held: Sequence[Track], part: _Part, *, has_more: bool = False) -> Found:
    """A part of these; `has_more` where not all tracks were looked through for them."""
    following = part.end if len(held) > part.end else None
    is_cut, is_beyond = has_more or following is not None, 0 < part.first >= len(held)
    return Found(tuple(held[part.first : part.end]), is_cut=is_cut, following=following, is_beyond=is_beyond)
