"""Names of shelves by how their words begin, so that a list of shelves is narrowed without going through it.

A document holds all shelves of a kind with a word that begins with the same one or two letters, packed, in order of
their names. What is typed is compared with those of its first letters alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bson.binary import Binary

from earwise.store.sealed import seal
from earwise.store.search import fold_words, longest_term

_NOTED_BY = 2
_KEY_BYTES = 8
_COUNT = np.dtype("<u4")
#: What orders a narrowed list can have.
BY_NAME, BY_SIZE = "name", "size"


@dataclass(slots=True)
class Names:
    """Shelves that have a word with the same beginning, in order of their names.

    Attributes
    ----------
    name : str
        What it is read by: `names_id`.
    words : list of str
        Folded words of each name, with a space before each.
    tracks : list of int
        How many each shelf holds.
    """

    name: str
    keys: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    tracks: list[int] = field(default_factory=list)


def names_id(kind: str, words: Sequence[str]) -> str:
    """Id of the document that holds every shelf with words that begin so: that of the longest of them."""
    return f"{kind}~{max(words, key=len)[:_NOTED_BY]}"


def gather_names(kind: str, shelves: Iterable[tuple[str, str, int]]) -> Iterator[Names]:
    """The documents of a kind, of shelves in order of their names.

    Parameters
    ----------
    shelves : iterable of tuple
        Key, name and number of tracks of each.
    """
    found: dict[str, Names] = {}
    for key, name, tracks in shelves:
        words = [longest_term(word) for word in fold_words(name)]
        for beginning in dict.fromkeys(word[:length] for word in words for length in range(1, _NOTED_BY + 1)):
            noted = found.setdefault(beginning, Names(f"{kind}~{beginning}"))
            noted.keys.append(key)
            noted.words.append("".join(f" {word}" for word in words))
            noted.tracks.append(tracks)
    yield from found.values()


def pack_names(names: Names) -> dict[str, Any]:
    """The document."""
    content = {
        "keys": Binary(bytes.fromhex("".join(names.keys))),
        "words": "\n".join(names.words),
        "counts": Binary(np.array(names.tracks, _COUNT).tobytes()),
    }
    return seal(names.name, content)


def find_names(document: Mapping[str, Any], words: Sequence[str], order: str) -> list[str]:
    """Keys of the shelves that have, for each of these words, one that begins with it."""
    # A space stands before each word, and nowhere else.
    typed = [" " + longest_term(word) for word in words]
    names = document["words"].split("\n")
    found = [place for place, name in enumerate(names) if all(beginning in name for beginning in typed)]
    if order == BY_SIZE:
        counts = np.frombuffer(document["counts"], _COUNT)
        found.sort(key=lambda place: -int(counts[place]))
    packed = bytes(document["keys"])
    return [packed[place * _KEY_BYTES : (place + 1) * _KEY_BYTES].hex() for place in found]
