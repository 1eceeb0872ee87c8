"""The API under Schemathesis: requests made from its document, right and wrong ones, and what they are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import CheckNode
from schemathesis.schemas import BaseSchema
from werkzeug.serving import make_server

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.shelves import shelf_key
from tests.web.conftest import Browser
from tests.web.seeding import NOW, seed_model, seed_tracks

# Where ids of what there is stand mostly, so that more than refusals is seen.
_PLACES = {
    "tracks": "path.track_id path.seed_id query.from query.to body.track_id body.played[*] body.tracks[*]",
    "playlists": "path.playlist_id",
    "artists": "path.artist_key",
    "clusters": "path.number",
}


@pytest.fixture
def document(app: Flask, store: Store, listener: Browser, request: pytest.FixtureRequest) -> Iterator[BaseSchema]:
    """The API's document, with a token, and with ids of what there is."""
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    refresh_directory(store)
    owner = store.listeners.get_by_name("mira").listener_id
    playlists = [store.playlists.create(owner, f"Night {number}", NOW, tracks[:5]) for number in range(3)]
    for number, track in enumerate(tracks):
        now = NOW + timedelta(seconds=number)
        store.ratings.set_stars(owner, track, 1 + number % 5, now)
        store.events.record(owner, f"{number:016x}", track, heard_s=60, duration_s=185, now=now)
    app.extensions["earwise_api_allowance"].most = 0
    shown = {"Authorization": "Bearer " + store.tokens.create(owner, "program", NOW)}
    config = {
        "seed": 1,
        "cache": {"enabled": False},
        "generation": {"max-examples": request.param, "deterministic": True},
        "headers": shown,
        "dictionaries": {
            "tracks": {"values": tracks},
            "playlists": {"values": playlists},
            "artists": {"values": [shelf_key(f"Artist {number}") for number in range(7)]},
            "clusters": {"values": [0, 1, 2]},
        },
        "parameters": {
            place: {"dictionary": name, "probability": 0.8}
            for name, places in _PLACES.items()
            for place in places.split()
        },
        # An ETag that is not the playlist's is right in form and refused (412); one that is missing is asked for (428).
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "404", "409", "412"]},
            "missing_required_header": {"expected-statuses": ["401", "428"]},
        },
    }
    with listening(app) as address:
        yield schemathesis.openapi.from_url(
            f"{address}/api/v1/openapi.json", config=SchemathesisConfig.from_dict(config), headers=shown
        )


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serve the app on a port of this machine; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.mark.parametrize("document", [3, pytest.param(40, marks=pytest.mark.slow)], indirect=True)
def test_answers_are_what_the_document_says(document: BaseSchema) -> None:
    found: list[str] = []
    answers: Counter[int] = Counter()
    for event in from_schema(document).execute():
        if isinstance(event, (NonFatalError, FatalError)):
            found.append(str(getattr(event, "value", None) or getattr(event, "exception", event)))
        if isinstance(event, ScenarioFinished):
            recorder = event.recorder
            answers.update(one.response.status_code for one in recorder.interactions.values() if one.response)
            found += [describe(check) for checks in recorder.checks.values() for check in checks if check.failure_info]
    assert not found, "\n\n".join(found)
    # It has seen more than refusals.
    assert answers[200] > 50, answers
    assert {201, 204, 401, 404, 405, 422} <= answers.keys(), answers


def describe(check: CheckNode) -> str:
    """What was found wrong, and the request that shows it."""
    failure = check.failure_info.failure
    return f"{failure.operation}: {failure.title}\n{failure.message}\n{check.failure_info.code_sample}"
