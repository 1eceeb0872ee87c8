"""How much of what was searched for a search shows, and what it says of the rest."""

from __future__ import annotations

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.finding import Found, find_tracks
from earwise.store.tracks import Tags
from tests.web.seeding import seed_track

_COUNT = 130


@pytest.fixture
def oceans(store: Store) -> list[str]:
    """Tracks of one common word, in the order in which a search shows them."""
    found = [seed_track(store, Tags(f"Ocean {number:03}", "Mogwai", "Coast")) for number in range(_COUNT)]
    refresh_directory(store)
    return found


def ids(found: Found) -> list[str]:
    return [track.track_id for track in found.tracks]


def test_search_that_looks_through_some_of_the_tracks_says_that_there_may_be_more(
    store: Store, oceans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = find_tracks(store, "ocaen", limit=_COUNT)
    assert (len(whole.tracks), whole.is_cut) == (_COUNT, False)
    monkeypatch.setattr("earwise.store.tracks._MOST_CANDIDATES", 20)
    found = find_tracks(store, "ocaen", limit=30)
    assert (len(found.tracks), found.is_cut, found.following) == (20, True, None)
    assert find_tracks(store, "ocaen qqqq", limit=30).is_cut is False
    store.postings.put_all([])
    assert find_tracks(store, "ocean", limit=30).is_cut
