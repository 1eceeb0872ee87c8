"""How much of what was searched for a search shows, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.finding import Found, find_tracks
from earwise.store.tracks import Tags
from tests.web.seeding import NOW, seed_track

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


@pytest.mark.parametrize("query", ["ocean", "mogwai ocean"])
@pytest.mark.parametrize("left", [range(3, 9), range(30, 60), range(100, 130), range(40, 110)], ids=str)
def test_pages_show_each_track_once_and_lead_to_all_also_where_some_have_left_since(
    store: Store, oceans: list[str], queries: Callable[[], list[str]], query: str, left: range
) -> None:
    for number in left:
        track = store.tracks.get(oceans[number])
        store.tracks.remove_file(track.track_id, track.files[0].location, NOW)
    shown, skip = list[str](), 0
    while skip is not None:
        queries()
        found = find_tracks(store, query, limit=30, skip=skip)
        assert len(queries()) == 2
        assert not found.is_beyond
        shown, skip = shown + ids(found), found.following
    assert shown == [track for number, track in enumerate(oceans) if number not in left]


@pytest.mark.parametrize("query", ["ocean", "mogwai ocean", "ocaen", "qqqq", "?"])
def test_what_is_beyond_all_hits_is_told_from_a_page_that_is_empty(store: Store, oceans: list[str], query: str) -> None:
    assert find_tracks(store, query, limit=30, skip=150).is_beyond
    assert not find_tracks(store, query, limit=30).is_beyond
