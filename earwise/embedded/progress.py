"""How the stack tells what it is doing; the terminal decides what that looks like."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Step(Protocol):
    """Something that is going on."""

    def update(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        """Tell how far it is, and a word more."""


class Progress(Protocol):
    """Where steps and sentences are shown."""

    def say(self, text: str) -> None:
        """Show a sentence."""

    def warn(self, text: str) -> None:
        """Show a sentence that asks for attention."""

    def step(self, text: str, unit: str = "") -> AbstractContextManager[Step]:
        """Show that something has begun, and, when the context ends, how it went; `unit` is what is counted."""
