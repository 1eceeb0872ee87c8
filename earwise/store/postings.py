"""Posting lists: the tracks of a word or its beginning, the best first, for those that many tracks hold.

A track is found by the index of its own terms as long as few others hold them too. Of a common word the embedded
server would read every track before it gives the first, so the best are written down (ADR 0022).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bson.binary import Binary
from numpy.typing import NDArray
from pymongo.database import Database

from earwise.store.ids import pack_ids, unpack_ids
from earwise.store.sealed import replace_all, seal
from earwise.store.translation import translated_errors

#: Tracks from which a term has a list, and how many a list names at most.
LISTED_FROM, LONGEST_LIST = 50, 2_000
#: Letters of the longest beginnings that are noted, with the words that begin so.
NOTED_BY = 3
#: Scores are multiples of an eighth, below 32.
STEPS = 8

# The first bytes of an id, which is a digest: of a million tracks one in four thousand shares them with another.
_SHORT, _SHORT_DIGITS = "<u4", 8
# What ends the id of a beginning; a term is made of letters, digits and underscores.
_BEGINNING = "-"
# Documents of one statement; most of a large library have some kilobytes.
_WRITE_BATCH = 50


@dataclass(frozen=True, slots=True)
class Posting:
    """The tracks of a term that many hold.

    Attributes
    ----------
    ids : sequence of str
        Of the best `LONGEST_LIST`, the best first.
    scores : sequence of float
        How well each of these fits the term beside others, as `term_scores` gives it; that a whole field is the term
        is part of the order alone.
    unnamed : sequence of str
        Ids of all others, of which the list keeps only what tells whether a track is among them.
    """

    term: str
    ids: Sequence[str]
    scores: Sequence[float]
    unnamed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """What begins with one to `NOTED_BY` letters.

    Attributes
    ----------
    tracks : int
        How many hold a word that does.
    words : mapping of str to int
        Longer words that begin with `NOTED_BY` letters, or as much of them as terms have, with their numbers of tracks.
    """

    letters: str
    tracks: int
    words: Mapping[str, int] = field(default_factory=dict)


class Postings:
    """The ``postings`` collection: lists of terms, and beginnings."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._postings = database["postings"]

    @translated_errors()
    def put_all(self, entries: Iterable[Posting | Beginning]) -> int:
        """Let these be all there is; writes what changed and returns how many documents that were."""
        return replace_all(self._postings, map(_to_document, entries), at_once=_WRITE_BATCH)

    @translated_errors()
    def look_up(self, terms: Sequence[str]) -> KnownTerms:
        """What is known of these terms, in one query."""
        wanted = {name for term in terms for name in (term, term[:NOTED_BY] + _BEGINNING)}
        # One term is answered by the best of its list.
        unneeded = {"digest": 0} if len(terms) > 1 else {"digest": 0, "unnamed": 0}
        found = self._postings.find({"_id": {"$in": sorted(wanted)}}, unneeded)
        return KnownTerms({document["_id"]: document for document in found})


class KnownTerms:
    """What was known of some terms when the lists were written."""

    def __init__(self, documents: Mapping[str, dict[str, Any]]) -> None:
        self._documents = documents

    def count(self, term: str) -> int:
        """How many tracks hold a term, or at most hold it where they are few; 0 where no word begins so."""
        if listed := self._documents.get(term):
            return int(listed["tracks"])
        noted = self._documents.get(term[:NOTED_BY] + _BEGINNING)
        if noted is None:
            return 0
        if len(term) <= NOTED_BY:
            return int(noted["tracks"])
        words = zip(noted["words"], noted["word_tracks"], strict=True)
        return sum(tracks for word, tracks in words if word.startswith(term))

    def listed(self, term: str) -> ListedTerm | None:
        """The list of a term, if it has one."""
        document = self._documents.get(term)
        return ListedTerm(document) if document else None


class ListedTerm:
    """The list of a term, unpacked as far as it is asked for.

    Attributes
    ----------
    tracks : int
        How many hold the term; the list names `LONGEST_LIST` of them at most.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._packed: bytes = document["ids"]
        self._scores: bytes = document["scores"]
        self._unnamed = np.frombuffer(document.get("unnamed", b""), _SHORT)
        self.tracks: int = document["tracks"]

    def best(self) -> list[str]:
        """Ids of the tracks that the list names, the best first."""
        return unpack_ids(self._packed)

    def scores(self) -> dict[str, float]:
        """How well each track that the list names fits the term, by id, the best first."""
        return dict(zip(self.best(), (steps / STEPS for steps in self._scores), strict=True))

    @property
    def last_score(self) -> float:
        """How well the tracks are taken to fit that the list does not name."""
        return self._scores[-1] / STEPS

    def unnamed_among(self, track_ids: Sequence[str]) -> set[str]:
        """Which of these tracks hold the term without being named; asked of a look-up of several terms."""
        are_held = np.isin(_shorten(track_ids), self._unnamed)
        return {track_id for track_id, is_held in zip(track_ids, are_held, strict=True) if is_held}


def _shorten(track_ids: Iterable[str]) -> NDArray[np.uint32]:
    return np.array([int(track_id[:_SHORT_DIGITS], 16) for track_id in track_ids], _SHORT)


def _to_document(entry: Posting | Beginning) -> dict[str, Any]:
    if isinstance(entry, Beginning):
        content = {
            "tracks": entry.tracks,
            "words": list(entry.words),
            "word_tracks": list(entry.words.values()),
        }
        return seal(entry.letters + _BEGINNING, content)
    content = {
        "tracks": len(entry.ids) + len(entry.unnamed),
        "ids": pack_ids(entry.ids),
        "scores": Binary(bytes(round(score * STEPS) for score in entry.scores)),
        "unnamed": Binary(np.sort(_shorten(entry.unnamed)).tobytes()),
    }
    return seal(entry.term, content)
