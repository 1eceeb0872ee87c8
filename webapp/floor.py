"""A page of one constant row: what Flask and gunicorn cost by themselves. Only ``./run bench web`` serves it."""

from __future__ import annotations

from flask import Flask, render_template_string

_PAGE = (
    "<!doctype html><title>Floor</title><table><tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr></table>"
)
_ROW = ("Ivory", "Savino", "Ocean", "3:20")


def create_app() -> Flask:
    """An app whose every answer is the same row."""
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/", "floor", lambda: render_template_string(_PAGE, row=_ROW))
    return app
