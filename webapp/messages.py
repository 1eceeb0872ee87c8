"""Messages on the page after a form: what was done, and the form that takes it back."""

from __future__ import annotations

from flask import Flask, flash, get_flashed_messages

_CATEGORY = "done"


def attach(app: Flask) -> None:
    """Give templates what there is to say."""
    app.jinja_env.globals["take_messages"] = lambda: get_flashed_messages(category_filter=[_CATEGORY])


def say(text: str, *, undo: str | None = None, **fields: object) -> None:
    """Say what was done; `undo` is the address to which these fields are sent to take it back."""
    flash({"text": text, "undo": undo, "fields": fields}, _CATEGORY)  # type: ignore[arg-type]
