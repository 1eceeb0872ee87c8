"""A progress that shows nothing and remembers what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class SilentProgress:
    """Collects sentences and the notes of steps."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.notes: list[str] = []

    def say(self, text: str) -> None:
        """Remember a sentence."""
        self.said.append(text)

    warn = say

    @contextmanager
    def step(self, text: str, unit: str = "") -> Iterator[SilentProgress]:
        """Begin a step."""
        self.said.append(text)
        yield self

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        """Remember how far a step is."""
        self.notes.append(note if done is None else f"{done:.0f}/{total or 0:.0f} {note}")
