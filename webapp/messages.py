"""Messages on the page after a form: what was done, and the form that takes it back."""

from __future__ import annotations

from flask import flash


def say(text: str, *, undo: str | None = None, **fields: object) -> None:
    """Say what was done; `undo` is the address to which these fields are sent to take it back."""
    flash({"text": text, "undo": undo, "fields": fields})  # type: ignore[arg-type]
