"""A made-up library: tags as unequal as real ones, spread ids, and vectors of the production shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import batched

import numpy as np
from numpy.typing import NDArray

from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.tracks import Tags, Track, TrackFile

TRACKS_AN_ARTIST = 12
_SEED = 1
_SOUNDS, _WORDS, _GENRES = 200, 4_000, 40
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_LENGTH_S = 200.0
_BATCH = 5_000


def make_features(tracks: int) -> NDArray[np.float32]:
    """Seeded summary vectors of the production shape: means, deviations and deviations of the deltas.

    Tracks lie around sounds of unequal size, and an artist's tracks near each other, as in a library.

    Returns
    -------
    ndarray [shape=(tracks, n_features), dtype=float32]
    """
    rng = np.random.default_rng(_SEED)
    n = MfccConfig().n_mfcc
    usual = 40 / np.sqrt(1 + np.arange(n))
    sounds = rng.normal(0, 1, (_SOUNDS, 2 * n))
    shares = rng.dirichlet(np.full(_SOUNDS, 0.7))
    artists = -(-tracks // TRACKS_AN_ARTIST)
    styles = sounds[rng.choice(_SOUNDS, artists, p=shares)] + rng.normal(0, 0.6, (artists, 2 * n))
    found = np.empty((tracks, 3 * n), np.float32)
    for rows in batched(range(tracks), 65_536):
        own = styles[np.array(rows) // TRACKS_AN_ARTIST] + rng.normal(0, 0.7, (len(rows), 2 * n))
        deviations = usual * np.exp(0.25 * own[:, n:])
        slopes = deviations * 0.1 * np.exp(rng.normal(0, 0.2, deviations.shape))
        found[rows[0] : rows[-1] + 1] = np.hstack([usual * own[:, :n], deviations, slopes])
    return found


def make_tags(tracks: int) -> Iterator[Tags]:
    """Seeded tags: some words stand in many titles and most in few; an artist's tracks share artist and genre."""
    rng = np.random.default_rng(_SEED)
    words = np.array(["".join(rng.choice(_SYLLABLES, rng.integers(2, 4))) for _ in range(_WORDS)])
    shares = 1 / (10 + np.arange(_WORDS))
    shares /= shares.sum()
    artist = genre = ""
    for number in range(tracks):
        if number % TRACKS_AN_ARTIST == 0:
            first, last = rng.choice(words, 2)
            artist, genre = f"{first} {last} {number // TRACKS_AN_ARTIST}".title(), f"Genre {rng.integers(_GENRES)}"
        title = " ".join(rng.choice(words, rng.integers(1, 5), p=shares)).capitalize()
        yield Tags(title, artist, album=f"{artist.partition(' ')[0]} {number // TRACKS_AN_ARTIST}", genre=genre)


def track_id_of(number: int) -> str:
    """Ids as digests are: spread evenly, and in another order than the tracks."""
    return f"{(number * 2654435761) % 2**32:08x}{number:024x}"


def fill(store: Store, features: NDArray[np.float32], location: LibraryPath) -> None:
    """Write a library of as many tracks as there are vectors [shape=(tracks, n_features)], all of the same file."""
    version, now = MfccConfig().feature_version, datetime.now(UTC)
    file = TrackFile(location, 1000, 1)
    for batch in batched(enumerate(make_tags(len(features))), _BATCH):
        store.features.put_many(
            [TrackFeatures(track_id_of(number), version, features[number], "bench") for number, _ in batch], now
        )
        store.tracks.put_many([(Track(track_id_of(number), tags, _LENGTH_S), file) for number, tags in batch], now)
