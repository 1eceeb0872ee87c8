"""Fills a store as extraction and training would, through the store's own API."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from earwise.clustering.drawing import draw_map
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.extraction_runs import Counts
from earwise.store.model_parts import Assignment, Cluster
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from earwise.store.ranked_lists import Neighbour
from earwise.store.tracks import Tags, Track, TrackFile

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)
#: What somebody may have written into a tag.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "‮reversed‮",
    "nul\0 and \x07 bell",
    "x" * 10_000,
    "' onmouseover='alert(1)",
)


def track_id(name: str) -> str:
    """An id of the shape that the audio of this name would have."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def seed_track(
    store: Store, tags: Tags, *, path: bytes | None = None, root: str = "music", duration_s: float = 185.0
) -> str:
    """Write one ready track; returns its id."""
    found = track_id(tags.title + tags.artist)
    location = LibraryPath(root, path if path is not None else found.encode() + b".mp3")
    store.tracks.put(Track(found, tags, duration_s), TrackFile(location, 1000, 1), NOW)
    return found


def seed_tracks(store: Store, count: int) -> list[str]:
    """Write tracks of seven artists; returns their ids."""
    return [
        seed_track(store, Tags(f"Title {n:03d}", f"Artist {n % 7}", f"Album {n % 3}", "Ambient", 2001 + n % 20))
        for n in range(count)
    ]


def leave(store: Store, tracks: Sequence[str]) -> None:
    """Take the files of tracks away."""
    for track in tracks:
        store.tracks.remove_file(track, LibraryPath("music", track.encode() + b".mp3"), NOW)


def seed_lists(store: Store, lists: Mapping[str, Mapping[str, float]]) -> None:
    """Give tracks other neighbours in the model of `seed_model`, by their distances, with the artists of their tags."""
    found = store.tracks.get_many({near for near_ones in lists.values() for near in near_ones})
    store.model_parts.put_neighbours(
        "model-1",
        (
            (track, [Neighbour(near, distance, 0, found[near].tags.artist) for near, distance in near_ones.items()])
            for track, near_ones in lists.items()
        ),
    )


def seed_audio(store: Store, folder: Path, name: str, content: bytes, **tags: str) -> str:
    """Write a file into the library's folder and its track into the store; returns the track's id."""
    (folder / name).write_bytes(content)
    return seed_track(store, Tags(**{"title": name, **tags}), path=name.encode())


def seed_model(
    store: Store,
    tracks: Sequence[str],
    *,
    model_id: str = "model-1",
    names: Sequence[str] = ("Slow strings", "Bright piano", "Heavy drums"),
    neighbours: int = 10,
) -> None:
    """Publish a model that puts the tracks into clusters in turn, each next to those that follow it."""
    k, count = len(names), len(tracks)
    sizes = tuple(len(range(number, count, k)) for number in range(k))
    trials = tuple(KTrial(n, 0.1 + n / 100, 900.0 / n, sizes, 1.5) for n in range(2, k + 2))
    run = ModelRun(model_id, f"run {model_id}", "v1", ModelStatus.CANDIDATE, NOW, 42, count, k, trials, {"fit": 4.2})
    store.model_runs.put(run)
    store.model_parts.put_clusters(model_id, [Cluster(n, name, sizes[n]) for n, name in enumerate(names)])
    store.model_parts.put_assignments(model_id, (_assign(t, n, k) for n, t in enumerate(tracks)))
    store.model_parts.put_neighbours(
        model_id,
        (
            (
                seed,
                [
                    Neighbour(tracks[(n + step) % count], step / 20, (n + step) % count % k)
                    for step in range(1, min(neighbours, count - 1) + 1)
                ],
            )
            for n, seed in enumerate(tracks)
        ),
    )
    draw_map(store, model_id)
    store.models.activate(model_id, NOW)


def _assign(track: str, n: int, k: int) -> Assignment:
    """Into clusters in turn, which lie side by side, each in rows from its middle down."""
    rank = n // k
    return Assignment(track, n % k, rank / 100, place=(n % k * 10.0 + rank % 7, rank // 7 / 2.0))


def start_extraction(store: Store, *, done: int) -> None:
    """Begin an extraction of forty files."""
    store.extraction_runs.start("run", [[LibraryPath("music", b"a")] * 40], NOW)
    store.extraction_runs.put_progress("run", 0, Counts(done, done, {}))
