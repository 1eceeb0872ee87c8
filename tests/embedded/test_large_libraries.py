"""The embedded server goes on where what is written outgrows its cache."""

from __future__ import annotations

from itertools import batched
from pathlib import Path

import pytest

from earwise.bench.catalogue import fill, make_features
from earwise.bench.temporary_store import temporary_store
from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import open_store
from earwise.store.words import Words

_TRACKS = 20_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tracks_that_come_and_go_by_thousands_do_not_bring_the_server_to_a_standstill(tmp_path: Path) -> None:
    """In statements of 5,000 tracks it stood still for ever after 10,000, in statements of 500 after 15,000."""
    with temporary_store(Settings(home=tmp_path)) as settings, open_store(settings) as store:
        fill(store, make_features(_TRACKS), LibraryPath("music", b"track.mp3"))
        assert store.tracks.count_ready() == _TRACKS
        track_ids, state = list(store.tracks.ready_ids()), {"$set": {"state": "missing"}}
        for some in batched(track_ids, 20):
            store.client[settings.mongo_database].tracks.update_many({"_id": {"$in": list(some)}}, state)
        assert store.tracks.forget(track_ids) == _TRACKS
        words = Words(store.client["words"])
        words.create_indexes()
        words.put_all({f"{number:08x}wording": 1 for number in range(_TRACKS)})
        assert words.near(["00000001wording"])
