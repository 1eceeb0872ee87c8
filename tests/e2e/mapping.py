"""Libraries of many tracks for the map, and what is seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import batched
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from playwright.sync_api import Locator, Page, expect

from earwise.clustering.drawing import draw_map
from earwise.store import Store
from earwise.store.model_parts import Assignment, Cluster
from earwise.store.ranked_lists import Neighbour
from earwise.store.tracks import Tags
from tests.web.seeding import NOW, seed_track

_NAMES = ("Left strings", "Right drums")
_NEAR = 5
_RIM_PX = 9


def fill(store: Store, name: str, count: int, numbers: tuple[int, int] = (0, 1)) -> list[str]:
    """A library of so many tracks that share one file; those of one cluster lie left, of the other right."""
    first = seed_track(store, Tags("Track 0", "Artist 0"), path=b"a.mp3", duration_s=12)
    tracks = store.client[name]["tracks"]
    # Nobody searches for them: their words would be most of the writing.
    pattern = {**(tracks.find_one({"_id": first}) or {}), "terms": []}
    ids = [f"{count:08x}{number:024x}" for number in range(count)]
    for batch in batched(enumerate(ids), 2_000):
        tracks.insert_many(
            [{**pattern, "_id": one, "title": f"Track {n}", "artist": f"Artist {n % 50}"} for n, one in batch],
            ordered=False,
        )
    random = np.random.default_rng(1)
    sides = np.arange(count) % 2
    places = random.normal(0, 1, (count, 2)) + np.stack([sides * 12, np.zeros(count)], axis=1)
    model_id = f"map-{count}"
    store.model_parts.put_clusters(
        model_id, [Cluster(numbers[n], one, (count + 1 - n) // 2) for n, one in enumerate(_NAMES)]
    )
    found = zip(ids, sides.tolist(), places.tolist(), strict=True)
    store.model_parts.put_assignments(
        model_id, [Assignment(one, numbers[side], n / count, (x, y)) for n, (one, side, (x, y)) in enumerate(found)]
    )
    near = [Neighbour(ids[(n + 2) % count], n / 10, 0) for n in range(_NEAR)]
    store.model_parts.put_neighbours(model_id, ((one, near) for one in ids[:_NEAR]))
    draw_map(store, model_id)
    store.models.activate(model_id, NOW)
    return ids


def open_map(page: Page, address: str, count: int) -> None:
    page.goto(f"{address}/map")
    expect(page.locator(f'[data-map][data-drawn="{count}"]')).to_be_attached(timeout=60_000)


def drawn_pixels(page: Page, folder: Path) -> list[tuple[int, int]]:
    """Pixels of the board in the colour of a cluster, as they are seen: its names and rings are grey."""
    shot = folder / "board.png"
    page.locator("[data-map-board]").screenshot(path=shot)
    with av.open(str(shot)) as picture:
        seen = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    rows, columns = np.nonzero(seen.max(axis=2) - seen.min(axis=2) > 70)
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


class View(NamedTuple):
    """Where the left cluster ends, and where the right one begins and has its top, in pixels of the board."""

    left: float
    right: float
    top: float

    def zoomed(self, factor: float, x: float, y: float) -> View:
        """Around a place that stays where it is."""
        return View(x + factor * (self.left - x), x + factor * (self.right - x), y + factor * (self.top - y))

    def moved(self, dx: float, dy: float) -> View:
        return View(self.left + dx, self.right + dx, self.top + dy)

    def is_near(self, other: View) -> bool:
        # Points grow as the map comes nearer, by less than this on each side.
        return all(abs(one - another) < 5 for one, another in zip(self, other, strict=True))


def view_of(board: Locator, folder: Path) -> View:
    """What is seen of the map: between its two clusters lies the widest part without a point."""
    pixels = np.array(drawn_pixels(board.page, folder))
    # Along the rim runs the outline of the board that has the focus.
    box = board.bounding_box()
    pixels = pixels[np.all((pixels > _RIM_PX) & (pixels < np.array([box["width"], box["height"]]) - _RIM_PX), axis=1)]
    columns = np.unique(pixels[:, 0])
    widest = np.argmax(np.diff(columns))
    left, right = columns[widest : widest + 2]
    return View(float(left), float(right), float(pixels[pixels[:, 0] >= right, 1].min()))


def pinch(page: Page, middle: tuple[float, float], spans: Iterable[int]) -> None:
    """Put two fingers down beside a place of the page, move them to each of these distances (pixels), and lift them."""
    touches = page.context.new_cdp_session(page)
    x, y = middle
    for step, span in enumerate(spans):
        points = [{"x": x - span / 2, "y": y, "id": 0}, {"x": x + span / 2, "y": y, "id": 1}]
        kind = "touchMove" if step else "touchStart"
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def watch_frames(page: Page) -> None:
    """Time what the pages do in each frame that they ask for."""
    page.add_init_script("""
        const ask = window.requestAnimationFrame.bind(window);
        window.__nextFrame = () => new Promise(ask);
        window.__redraws = [];
        window.requestAnimationFrame = (draw) => ask((now) => {
            const begun = performance.now();
            draw(now);
            window.__redraws.push(performance.now() - begun);
        });
    """)


def move_about(page: Page, steps: int) -> dict[str, list[float]]:
    """Zoom and pan in turn, one step a frame.

    Returns
    -------
    dict of str to list of float
        Milliseconds of script that each step took with its redraw, and from frame to frame.
    """
    found: dict[str, list[float]] = page.evaluate(
        """async (steps) => {
            const board = document.querySelector("[data-map-board]");
            const { left, top, width, height } = board.getBoundingClientRect();
            const place = { clientX: left + width / 3, clientY: top + height / 2, bubbles: true, cancelable: true };
            const handling = [];
            const frame = [];
            let before = await window.__nextFrame();
            window.__redraws.length = 0;
            for (let step = 0; step < steps; step += 1) {
                const [deltaY, key] = Math.floor(step / 10) % 2 ? [60, "ArrowLeft"] : [-60, "ArrowRight"];
                const begun = performance.now();
                if (step % 2) board.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true }));
                else board.dispatchEvent(new WheelEvent("wheel", { ...place, deltaY }));
                handling.push(performance.now() - begun);
                const now = await window.__nextFrame();
                frame.push(now - before);
                before = now;
            }
            return { script: window.__redraws.map((took, step) => took + (handling[step] ?? 0)), frame };
        }""",
        steps,
    )
    return found
