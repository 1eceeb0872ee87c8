"""What every MongoDB-protocol server must do for search."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.extraction.vocabulary import count_words, make_postings
from earwise.store import Store
from earwise.store.finding import Found, find_tracks
from earwise.store.postings import LISTED_FROM
from earwise.store.relevance import relevance
from earwise.store.search import query_terms
from earwise.store.tracks import Tags, Track
from tests.web.seeding import NOW, seed_track


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
    return find_tracks(store, query, limit=limit)


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


# --- words that many tracks hold ---


@pytest.fixture
def crowded(store: Store) -> list[Track]:
    """Tracks of few words, some of which far more hold than a list has to be kept for."""
    rng = random.Random(7)
    words = ["ocean", "oceans", "ivory", "tower", "oc", "the", "a", "symphonically", "rain", "train"]
    shares = [9, 3, 6, 4, 1, 12, 12, 5, 2, 1]
    for number in range(4 * LISTED_FROM):
        title, artist, album = (" ".join(rng.choices(words, shares, k=rng.randint(1, 3))) for _ in range(3))
        seed_track(store, Tags(f"{title} {number}" if rng.random() < 0.8 else title, f"{artist} {number % 9}", album))
    refresh_directory(store)
    return list(store.tracks.get_many(store.tracks.ready_ids()).values())


QUERIES = [
    *("ocean", "ocea", "oc", "o", "the", "ivory tower", "tower ivory", "the ocean", "symphonically", "symphonicall"),
    *("train", "rain train", "a the ocean ivory", "7", "ocean 17", "rain 4 the", "the oceans a"),
]


def held_by(tracks: list[Track], query: str) -> list[str]:
    """What a comparison with every track finds, the best first."""
    fits = [(relevance(track.tags, query_terms(query)), track) for track in tracks]
    held = [(-fit, track.sort_key, track.track_id) for fit, track in fits if fit is not None]
    return [track_id for _, _, track_id in sorted(held)]


@pytest.mark.parametrize("limit", [8, 4 * LISTED_FROM])
def test_lists_give_what_a_comparison_with_every_track_would(store: Store, crowded: list[Track], limit: int) -> None:
    listed = store.postings.of(["ocean", "tower", "train"])
    assert ["ocean" in listed, "tower" in listed, "train" in listed] == [True, True, False]
    for query in QUERIES:
        found, expected = find(store, query, limit), held_by(crowded, query)
        fits = [relevance(track.tags, query_terms(query)) for track in found.tracks]
        of_all = {track.track_id: relevance(track.tags, query_terms(query)) for track in crowded}
        assert fits == [of_all[track_id] for track_id in expected[:limit]], query
        assert found.is_cut == (len(expected) > limit), query


def test_list_that_does_not_hold_all_tracks_hides_none_of_those_that_stand_in_the_other(
    store: Store, crowded: list[Track], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwise.store.postings.LONGEST_LIST", 60)
    monkeypatch.setattr("earwise.extraction.vocabulary.LONGEST_LIST", 60)
    refresh_directory(store)
    the, tower = (store.postings.of([term]).read(term) for term in ("the", "tower"))
    assert (the.is_complete, len(the.ids), len(tower.ids)) == (False, 60, 60)
    found = {track.track_id for track in find(store, "tower the", limit=60).tracks}
    assert found == set(tower.ids) & set(held_by(crowded, "the"))
    assert found > set(tower.ids) & set(the.ids)


def test_search_asks_three_things_at_most_and_two_of_words_that_are_spelt_well(
    store: Store, crowded: list[Track], queries: Callable[[], list[str]]
) -> None:
    for query in QUERIES:
        queries()
        find(store, query)
        assert queries() == ["find postings", "find tracks"], query
    for query, meant in (("ocaen", "ocean"), ("ivroy tower", "ivory tower"), ("the tarin", "the train")):
        queries()
        assert find(store, query).corrected == meant
        assert queries() == ["find postings", "find words", "find tracks"], query


def test_tracks_that_came_or_changed_since_the_lists_were_written_are_found_by_what_they_are(
    store: Store, crowded: list[Track]
) -> None:
    seed_track(store, Tags("Zephyr", "Late"))
    assert titles(find(store, "zephyr")) == ["Zephyr"]
    best = find(store, "ocean").tracks[0]
    store.tracks.put(replace(best, tags=Tags("Renamed")), best.files[0], NOW)
    assert best.track_id not in {track.track_id for track in find(store, "ocean").tracks}
    assert find(store, "renamed").tracks[0].track_id == best.track_id


def test_unchanged_library_writes_no_list_and_a_word_that_is_gone_has_none(store: Store) -> None:
    entries = [("0" * 32, Tags("Ivory", "Savino")), ("1" * 32, Tags("Ocean", "Mogwai"))]
    assert write_lists(store, entries) > 10
    assert write_lists(store, entries) == 0
    write_lists(store, entries[:1])
    known = store.postings.of(["ocean", "ivory", "ivo"])
    assert [known.count(term) for term in ("ocean", "ivory", "ivo")] == [0, 1, 1]


def write_lists(store: Store, entries: list[tuple[str, Tags]]) -> int:
    return store.postings.put_all(make_postings(entries, count_words(tags for _, tags in entries)))
