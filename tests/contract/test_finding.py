"""What every MongoDB-protocol server must do for search."""

from __future__ import annotations

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.store import Store
from earwise.store.finding import Found, find_tracks
from earwise.store.tracks import Tags
from tests.web.seeding import seed_track


@pytest.fixture
def seeded(store: Store) -> Store:
    for tags in (
        Tags("Svefn-g-englar", "Sigur Rós", "Ágætis byrjun", "Post-rock"),
        Tags("Ivory", "Savino", "Ocean", "Ambient"),
        Tags("Ocean", "Mogwai", "Ivory Tower", "Post-rock"),
        Tags("The ivory coast", "Nobody", "Far", "Ambient"),
        Tags("Homework", "Ivory", "Home", "House"),
    ):
        seed_track(store, tags)
    refresh_directory(store)
    return store


def find(store: Store, query: str, limit: int = 10) -> Found:
    return find_tracks(store.tracks, store.words, query, limit=limit)


def titles(found: Found) -> list[str]:
    return [track.tags.title for track in found.tracks]


def test_case_and_accents_are_folded_and_words_may_be_begun(seeded: Store) -> None:
    assert titles(find(seeded, "ROS svef")) == ["Svefn-g-englar"]
    assert titles(find(seeded, "ros ivory")) == titles(find(seeded, "  .* $ ")) == []


def test_titles_come_before_artists_and_artists_before_albums(seeded: Store) -> None:
    assert titles(find(seeded, "ivory")) == ["Ivory", "Homework", "The ivory coast", "Ocean"]


def test_a_search_says_whether_there_is_more(seeded: Store) -> None:
    assert find(seeded, "ivory", limit=4).is_cut is False
    cut = find(seeded, "ivory", limit=3)
    assert (len(cut.tracks), cut.is_cut) == (3, True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("sgiur", "sigur"), ("savinno", "savino"), ("mogwa ocaen", "mogwa ocean"), ("svefn englr", "svefn englar")],
)
def test_misspelt_words_are_corrected_by_the_librarys_own(seeded: Store, typed: str, meant: str) -> None:
    found = find(seeded, typed)
    assert found.corrected == meant
    assert len(found.tracks) == 1


def test_what_is_spelt_well_is_never_corrected(seeded: Store) -> None:
    assert find(seeded, "ivory").corrected is None
    assert find(seeded, "ivory sigur") == Found(())
    assert find(seeded, "xylophone") == find(seeded, "oec") == Found(())


def test_words_that_no_track_holds_any_more_leave_the_vocabulary(seeded: Store) -> None:
    seed_track(seeded, Tags("Zephyr", "Late"))
    refresh_directory(seeded)
    assert set(seeded.words.near(["zephir"])) == {"zephyr"}
    seeded.words.put_all({"ivory": 4})
    assert seeded.words.near(["zephir", "savino"]) == {}


def test_the_look_up_is_by_index(seeded: Store) -> None:
    plan = str(seeded.tracks._tracks.find({"terms": "ivory"}).explain()["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan
