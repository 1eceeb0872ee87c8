"""Answers that take two queries while another model is published in between: they are of one model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from earwise.store import Store
from earwise.store.ranked_lists import Neighbour
from earwise.store.serving import Serving
from tests.web.conftest import Browser, Program
from tests.web.seeding import NOW, seed_model, seed_tracks

# Distance of a track to the next one, and the greatest of all pairs: 5 and 2.5 percent are nearer.
MODELS = {"old": (0.05, 1.0), "new": (0.1, 4.0)}


@pytest.fixture
def tracks(store: Store) -> list[str]:
    tracks = seed_tracks(store, 12)
    for model_id, (step, greatest) in MODELS.items():
        seed_model(store, tracks, model_id=model_id)
        run = store.model_runs.get(model_id)
        quantiles = tuple(np.linspace(0, greatest, 101))
        store.model_runs.put(dataclasses.replace(run, distance_quantiles=quantiles))
        store.model_parts.put_neighbours(
            model_id,
            (
                (seed, [Neighbour(tracks[(number + n) % 12], n * step, 0) for n in range(1, 6)])
                for number, seed in enumerate(tracks)
            ),
        )
    return tracks


@pytest.fixture(params=MODELS)
def first(request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """The model that readers see until they have asked once; then it is the other."""
    before: str = request.param
    (after,) = set(MODELS) - {before}

    def flip_after(name: str) -> None:
        find = getattr(Serving, name)

        def found_before_the_flip(serving: Serving, *arguments: object, **named: object) -> object:
            found = find(serving, *arguments, **named)
            store.models.activate(after, NOW)
            return found

        monkeypatch.setattr(Serving, name, found_before_the_flip)

    for name in ("find_placed", "find_sounds", "find_surroundings"):
        flip_after(name)
    return before


@pytest.fixture
def reader(tracks: list[str], first: str, store: Store, listener: Browser) -> Browser:
    store.models.activate(first, NOW)
    return listener


def test_percentile_is_that_of_the_distance_beside_it(reader: Browser, tracks: list[str], first: str) -> None:
    page = reader.get(f"/tracks/{tracks[0]}/why/{tracks[1]}").text
    percent, distance = {"old": ("about 5 are", "0.050"), "new": ("about 2 are", "0.100")}[first]
    assert percent in page
    assert f"(distance {distance})" in page


def test_similar_tracks_are_measured_by_the_model_that_is_named(
    program: Program, tracks: list[str], store: Store, first: str
) -> None:
    store.models.activate(first, NOW)
    answer = program.get(f"/tracks/{tracks[0]}/similar?why=true").json
    nearest = answer["items"][0]
    assert answer["model_id"] == first
    assert (nearest["distance"], nearest["percentile"]) == {"old": (0.05, 5.0), "new": (0.1, 2.5)}[first]


def test_path_keeps_to_one_model(
    reader: Browser, tracks: list[str], first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    find = Serving.find_lists

    def note(serving: Serving, ids: object, *, model_id: str | None = None) -> object:
        asked.append(model_id)
        return find(serving, ids, model_id=model_id)

    monkeypatch.setattr(Serving, "find_lists", note)
    assert reader.submit(f"/tracks/{tracks[0]}/path", track=tracks[6]).status_code == 302
    assert asked == [first]
