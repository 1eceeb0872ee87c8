"""Colours of clusters, in light and dark: seen on every ground, told apart, and the same on the map and beside it."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from earwise.store import Store
from tests.e2e.mapping import drawn_pixels, fill, open_map
from tests.web.seeding import NOW
from webapp.filters import tone

pytestmark = pytest.mark.browser

_CLUSTERS = 48
_OPACITY = 0.85  # of a point of the map
_LEAST_CONTRAST = 3.0  # of graphics, by WCAG 1.4.11
# In OKLab, where 0.02 is a difference that is just seen between large areas.
_LEAST_APART, _LEAST_SHADES_APART = 0.03, 0.06

_READ = """(classes) => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const seen = (colour) => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const root = getComputedStyle(document.documentElement);
    const grounds = ["--paper", "--surface", "--sunken"].map((name) => seen(root.getPropertyValue(name)));
    const chips = classes.map((one) => {
        const [chip, dot] = [document.createElement("span"), document.createElement("span")];
        [chip.className, dot.className] = [`chip ${one}`, "dot"];
        chip.append(dot);
        document.body.append(chip);
        const colours = [chip, dot].map((element) => seen(getComputedStyle(element).backgroundColor));
        chip.remove();
        return colours;
    });
    return { grounds, washes: chips.map(([wash]) => wash), marks: chips.map(([, mark]) => mark) };
}"""


def linear(colour: np.ndarray) -> np.ndarray:
    share = np.asarray(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """As WCAG 2.2 defines it."""
    light, dark = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(colour: np.ndarray) -> np.ndarray:
    cones = np.cbrt(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
        @ linear(colour)
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ cones
    )


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, listener: Page) -> str:
    listener.emulate_media(color_scheme=request.param)
    return str(request.param)


@pytest.fixture(scope="module")
def one_hue(database: tuple[Store, str]) -> tuple[int, int]:
    """A library of two clusters of one hue; their numbers."""
    fill(*database, 402, numbers := (2, 14))
    return numbers


@pytest.fixture
def colours(scheme: str, listener: Page) -> dict[str, np.ndarray]:
    """The colours of 48 clusters, and what lies behind them, as the browser shows them [shape=(n, 3)]."""
    expect(listener.get_by_role("main")).to_be_visible()
    read = listener.evaluate(_READ, [tone(number) for number in range(_CLUSTERS)])
    return {name: np.array(found) for name, found in read.items()}


def test_marks_of_all_clusters_stand_out_from_what_lies_behind_them(colours: dict[str, np.ndarray]) -> None:
    for mark, wash in zip(colours["marks"], colours["washes"], strict=True):
        assert min(contrast(mark, ground) for ground in (wash, *colours["grounds"])) >= _LEAST_CONTRAST, mark


def test_single_points_of_the_map_stand_out_from_it(colours: dict[str, np.ndarray]) -> None:
    surface = colours["grounds"][1]
    for mark in colours["marks"]:
        assert contrast(_OPACITY * mark + (1 - _OPACITY) * surface, surface) >= _LEAST_CONTRAST, mark


def test_no_two_of_48_clusters_look_the_same(colours: dict[str, np.ndarray]) -> None:
    places = [oklab(mark) for mark in colours["marks"]]
    for one, other in combinations(range(_CLUSTERS), 2):
        least = _LEAST_APART if (one - other) % 12 else _LEAST_SHADES_APART
        assert np.linalg.norm(places[one] - places[other]) >= least, (one, other)


def test_points_of_the_map_have_the_colours_of_its_legend(
    listener: Page, address: str, database: tuple[Store, str], one_hue: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    database[0].models.activate("map-402", NOW)
    open_map(listener, address, 402)
    read = listener.evaluate(_READ, [tone(number) for number in one_hue])
    legend, surface = np.array(read["marks"]), np.array(read["grounds"][1])
    # Where points lie over each other they have their colour whole, else the ground shows through.
    points = np.stack([legend, _OPACITY * legend + (1 - _OPACITY) * surface])
    pixels = np.array(drawn_pixels(listener, tmp_path))
    with av.open(str(tmp_path / "board.png")) as picture:
        seen = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    middle = seen.shape[1] / 2
    for own, is_side in enumerate((pixels[:, 0] < middle, pixels[:, 0] > middle)):
        columns, rows = pixels[is_side].T
        drawn, times = np.unique(seen[rows, columns], axis=0, return_counts=True)
        apart = abs(drawn[times.argmax()] - points).max(axis=2).min(axis=0)
        assert apart[own] < 8 < apart[1 - own]
