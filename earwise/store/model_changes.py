"""What a model changed against the one that was served when it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Move:
    """Tracks that went from one cluster to another."""

    from_name: str
    to_name: str
    from_number: int
    to_number: int
    tracks: int


@dataclass(frozen=True, slots=True)
class Changes:
    """A model compared with an earlier one.

    Attributes
    ----------
    model_id : str
        The earlier one.
    stayed, moved : int
        Tracks of both models, in the cluster of the same number or in another.
    new, gone : int
        Tracks of this model alone, and of the earlier one alone.
    moves : tuple of Move
        The greatest, most tracks first.
    renamed : tuple of (str, str)
        Clusters of equal number with another name: before and now.
    appeared, vanished : tuple of str
        Clusters of this model alone, and of the earlier one alone.
    """

    model_id: str
    stayed: int
    moved: int
    new: int
    gone: int
    moves: tuple[Move, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()


def to_changes(document: dict[str, Any]) -> Changes:
    """From what is stored."""
    return Changes(
        **{
            **document,
            "moves": tuple(Move(**move) for move in document["moves"]),
            "renamed": tuple((before, now) for before, now in document["renamed"]),
            "appeared": tuple(document["appeared"]),
            "vanished": tuple(document["vanished"]),
        }
    )
