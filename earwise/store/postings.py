"""Posting lists: the tracks of a word or its beginning, the best first, for those that many tracks hold.

A track is found by the index of its own terms as long as few others hold them too. Of a common word the embedded
server would read every track before it gives the first, so the best are written down (ADR 0022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson.binary import Binary
from pymongo.database import Database

from earwise.store.sealed import replace_all, seal
from earwise.store.translation import translated_errors

#: Tracks that a list holds at most.
LONGEST_LIST = 2_000
#: Letters of the beginnings that always have a list, however few tracks hold them, with all words that begin so.
ALWAYS_LISTED = 3
#: Tracks from which a longer beginning has a list.
LISTED_FROM = 50

_ID_BYTES = 16
# Scores are multiples of an eighth, below 32.
_STEPS = 8.0
# Documents of one statement; each has up to 36 kB.
_WRITE_BATCH = 50


@dataclass(frozen=True, slots=True)
class Posting:
    """The tracks of one term.

    Attributes
    ----------
    tracks : int
        How many hold it; the list has `LONGEST_LIST` of them at most.
    ids : sequence of str
        The best first.
    scores : sequence of float
        How well each fits the term beside others, as `term_scores` gives it; whole fields are part of the order alone.
    words : mapping of str to int
        Words that begin with a term of `ALWAYS_LISTED` letters, with their numbers of tracks.
    """

    term: str
    tracks: int
    ids: Sequence[str]
    scores: Sequence[float]
    words: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether every track is in the list."""
        return self.tracks <= len(self.ids)


class Postings:
    """The ``postings`` collection."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._postings = database["postings"]

    @translated_errors()
    def put_all(self, postings: Iterable[Posting]) -> int:
        """Let these be the lists; writes what changed and returns how many that were."""
        return replace_all(self._postings, map(_to_document, postings), at_once=_WRITE_BATCH)

    @translated_errors()
    def of(self, terms: Iterable[str]) -> PostingsOfTerms:
        """What is known of these terms, in one query."""
        wanted = {name for term in terms for name in (term, term[:ALWAYS_LISTED])}
        found = self._postings.find({"_id": {"$in": sorted(wanted)}}, {"digest": 0})
        return PostingsOfTerms({document["_id"]: document for document in found})


class PostingsOfTerms:
    """What is known of some terms; lists are unpacked when they are asked for."""

    def __init__(self, documents: Mapping[str, dict[str, Any]]) -> None:
        self._documents = documents

    def read(self, term: str) -> Posting:
        """The list of a term that has one."""
        return _to_posting(self._documents[term])

    def __contains__(self, term: str) -> bool:
        return term in self._documents

    def count(self, term: str) -> int:
        """How many tracks hold a term: exactly where it has a list, else at most; none where no word begins so."""
        if listed := self._documents.get(term):
            return int(listed["tracks"])
        return sum(tracks for word, tracks in self._longer(term) if word.startswith(term))

    def _longer(self, term: str) -> Iterator[tuple[str, int]]:
        beginning = self._documents.get(term[:ALWAYS_LISTED])
        return zip(beginning["words"], beginning["word_tracks"], strict=True) if beginning else iter(())


def _to_document(posting: Posting) -> dict[str, Any]:
    content = {
        "tracks": posting.tracks,
        "ids": Binary(b"".join(map(bytes.fromhex, posting.ids))),
        "scores": Binary(bytes(round(score * _STEPS) for score in posting.scores)),
        "words": list(posting.words),
        "word_tracks": list(posting.words.values()),
    }
    return seal(posting.term, content)


def _to_posting(document: dict[str, Any]) -> Posting:
    packed: bytes = document["ids"]
    return Posting(
        term=document["_id"],
        tracks=document["tracks"],
        ids=[packed[start : start + _ID_BYTES].hex() for start in range(0, len(packed), _ID_BYTES)],
        scores=[steps / _STEPS for steps in document["scores"]],
        words=dict(zip(document["words"], document["word_tracks"], strict=True)),
    )
