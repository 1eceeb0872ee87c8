"""The made-up listeners of a made-up library, and what they have said and played."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from earwise.bench.catalogue import track_id_of
from earwise.bench.training import MODEL_ID
from earwise.passwords import hash_password
from earwise.store import Store
from earwise.store.listeners import Role

LISTENERS, PASSWORD = 1_000, "a password of the bench"
_RATED, _FAVOURITES, _JUDGED, _PLAYED = 10, 5, 5, 10
_SEED = 4


def listener_name(number: int) -> str:
    """What a listener logs in as."""
    return f"listener {number}"


def add_listeners(store: Store, tracks: int) -> None:
    """A thousand listeners of a library of so many tracks, each with stars, favourites, thumbs and plays."""
    password_hash, now = hash_password(PASSWORD), datetime.now(UTC)
    rng = random.Random(_SEED)  # noqa: S311 - a choice that is the same every time
    for number in range(LISTENERS):
        listener = store.listeners.add(listener_name(number), password_hash, Role.LISTENER, now)
        _say_and_play(store, listener.listener_id, tracks, now, rng)


def _say_and_play(store: Store, listener_id: str, tracks: int, now: datetime, rng: random.Random) -> None:
    def some(count: int) -> list[str]:
        return [track_id_of(number) for number in rng.sample(range(tracks), count)]

    for track_id in some(_RATED):
        store.ratings.set_stars(listener_id, track_id, rng.randint(1, 5), now)
    for track_id in some(_FAVOURITES):
        store.ratings.set_favourite(listener_id, track_id, True, now)
    for seed_id, track_id in zip(some(_JUDGED), some(_JUDGED), strict=True):
        store.ratings.set_thumb(listener_id, seed_id, track_id, rng.random() < 0.7, model_id=MODEL_ID, now=now)
    for count, track_id in enumerate(some(_PLAYED)):
        at = now - timedelta(minutes=4 * count)
        store.events.record(listener_id, f"{count:032x}", track_id, heard_s=150.0, duration_s=200.0, now=at)
