"""The API, ``/api/v1``: the same reads and writes as the pages, in JSON, documented by OpenAPI."""

from __future__ import annotations

from flask import Flask

from webapp.api import document, events, guard, journeys, library, opinions, playlists, sound

_BLUEPRINTS = (library, sound, journeys, playlists, opinions, events, document)


def attach(app: Flask, most_a_minute: int) -> None:
    """Serve the API; `most_a_minute` requests of each account, any number for 0."""
    guard.attach(app, most_a_minute)
    api = document.make_document(app)
    for module in _BLUEPRINTS:
        # A token is no cookie: nobody is made to send one. Sessions are checked by the guard.
        app.extensions["csrf"].exempt(module.blueprint)
        api.register_blueprint(module.blueprint)
