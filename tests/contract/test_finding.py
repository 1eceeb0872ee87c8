"""What every MongoDB-protocol server must do for search."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from earwise.extraction.directory import refresh_directory
from earwise.extraction.vocabulary import count_words, make_postings
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.finding import Found, _rarest, find_tracks
from earwise.store.postings import LISTED_FROM, KnownTerms
from earwise.store.relevance import relevance
from earwise.store.search import fold_words, query_terms, search_terms
from earwise.store.tracks import Tags, Track, TrackFile
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
    return all_tracks(store)


@pytest.fixture
def shortened(store: Store, crowded: list[Track], monkeypatch: pytest.MonkeyPatch) -> list[Track]:
    """The same, with lists that name fewer tracks than hold the words, as those of a large library."""
    monkeypatch.setattr("earwise.extraction.vocabulary.LONGEST_LIST", 60)
    refresh_directory(store)
    return crowded


QUERIES = [
    *("ocean", "ocea", "oc", "o", "the", "ivory tower", "tower ivory", "the ocean", "symphonically", "symphonicall"),
    *("train", "rain train", "a the ocean ivory", "7", "ocean 17", "rain 4 the", "the oceans a"),
]


def all_tracks(store: Store) -> list[Track]:
    return list(store.tracks.get_many(store.tracks.ready_ids()).values())


def held_by(tracks: list[Track], query: str) -> list[str]:
    """What a comparison with every track finds, the best first."""
    fits = [(relevance(track.tags, query_terms(fold_words(query))), track) for track in tracks]
    held = [(-fit, track.sort_key, track.track_id) for fit, track in fits if fit is not None]
    return [track_id for _, _, track_id in sorted(held)]


def fits_of(tracks: list[Track], track_ids: list[str], query: str) -> list[float | None]:
    tags = {track.track_id: track.tags for track in tracks}
    return [relevance(tags[track_id], query_terms(fold_words(query))) for track_id in track_ids]


def ids(found: Found) -> list[str]:
    return [track.track_id for track in found.tracks]


@pytest.mark.parametrize("limit", [8, 4 * LISTED_FROM])
def test_lists_give_what_a_comparison_with_every_track_would(store: Store, crowded: list[Track], limit: int) -> None:
    known = store.postings.look_up(["ocean", "tower", "train"])
    assert [bool(known.listed(term)) for term in ("ocean", "tower", "train")] == [True, True, False]
    for query in QUERIES:
        found, expected = find(store, query, limit), held_by(crowded, query)
        assert fits_of(crowded, ids(found), query) == fits_of(crowded, expected[:limit], query), query
        assert found.is_cut == (len(expected) > limit), query


@pytest.mark.parametrize("limit", [8, 4 * LISTED_FROM])
def test_list_that_does_not_name_all_tracks_knows_who_else_holds_the_word(
    store: Store, shortened: list[Track], limit: int
) -> None:
    the, tower = (store.postings.look_up([term]).listed(term) for term in ("the", "tower"))
    assert (len(the.best()), len(tower.best())) == (60, 60)
    assert the.tracks == len(held_by(shortened, "the")) > 2 * 60
    for query in ("tower the", "the ocean", "rain 4 the"):
        holders = set(held_by(shortened, query))
        of_rarest = min((held_by(shortened, term) for term in query.split()), key=len)
        looked_through = holders & set(of_rarest[:60])
        found = find(store, query, limit)
        assert set(ids(found)) <= looked_through, query
        assert len(found.tracks) == min(limit, len(looked_through)), query
        assert found.is_cut == (len(holders) > limit or len(of_rarest) > 60), query
    assert ids(find(store, "the", 60)) == held_by(shortened, "the")[:60]


@pytest.mark.parametrize("limit", [7, 30])
def test_pages_of_hits_hold_each_of_them_once(
    store: Store, crowded: list[Track], queries: Callable[[], list[str]], limit: int
) -> None:
    for query in (*QUERIES, "tran ocean", "oceen"):
        expected = held_by(crowded, find(store, query, limit).corrected or query)
        shown, skip = list[str](), 0
        while skip is not None:
            queries()
            found = find_tracks(store, query, limit=limit, skip=skip)
            assert len(queries()) <= 3
            assert len(found.tracks) == min(limit, len(expected) - skip), (query, skip)
            assert found.is_cut == (found.following is not None), (query, skip)
            shown, skip = shown + ids(found), found.following
        assert sorted(shown) == sorted(expected), query
        assert len(query.split()) > 1 or shown == expected, query
        assert not find_tracks(store, query, limit=limit, skip=len(expected) + 500).tracks, query


def test_pages_end_where_the_lists_do(store: Store, shortened: list[Track]) -> None:
    last = find_tracks(store, "the", limit=30, skip=30)
    assert (len(last.tracks), last.following, last.is_cut) == (30, None, True)


def test_search_asks_three_things_at_most_and_two_of_words_that_are_spelt_well(
    store: Store, crowded: list[Track], queries: Callable[[], list[str]]
) -> None:
    for query in QUERIES:
        queries()
        find(store, query)
        assert queries() == ["find postings", "find tracks"], query
    for query, meant in (
        ("ocaen", "ocean"),
        ("ivroy tower", "ivory tower"),
        ("the tarin", "the train"),
        ("symphonically ocaen", "symphonically ocean"),
        ("symhponically", "symphonically"),
    ):
        queries()
        found = find(store, query, 200)
        assert found.corrected == meant
        assert ids(found) == held_by(crowded, meant), query
        assert queries() == ["find postings", "find words", "find tracks"], query
        assert find_tracks(store, query, limit=200, leads_on=True) == Found((), meant)
        assert queries() == ["find postings", "find words", "find tracks"], query
        assert find_tracks(store, meant, limit=200, leads_on=True).corrected is None


@pytest.mark.parametrize("title", ["Zephyr", "Trein", "Ocaen", "Zed"])
def test_what_came_since_the_lists_were_written_is_found_as_it_is_spelt(
    store: Store, crowded: list[Track], title: str
) -> None:
    """Also where it is but a slip of the finger from a word that many tracks hold."""
    new = seed_track(store, Tags(title, "Late", genre="Ocean"))
    for query in (title, f"{title} ocean", f"late {title}"):
        found = find(store, query)
        assert (ids(found), found.corrected) == ([new], None), query
        assert find_tracks(store, query, limit=10, leads_on=True) == found


def test_rare_words_are_found_in_tracks_that_came_since_and_beside_common_ones(
    store: Store, crowded: list[Track]
) -> None:
    new = seed_track(store, Tags("Train of rain", "Late"))
    assert new in ids(find(store, "train", 20))
    assert new in ids(find(store, "rain train", 20))
    assert find(store, "qqqq the") == Found(())


def test_tracks_that_left_or_changed_since_are_not_shown(store: Store, crowded: list[Track]) -> None:
    expected = held_by(crowded, "ocean")
    gone, changed = (store.tracks.get(track_id) for track_id in expected[:2])
    store.tracks.remove_file(gone.track_id, gone.files[0].location, NOW)
    store.tracks.put(replace(changed, tags=Tags("Renamed")), changed.files[0], NOW)
    found = find(store, "ocean", 5)
    assert ids(found) == expected[2:5]
    assert found.is_cut
    assert ids(find_tracks(store, "ocean", limit=5, skip=5)) == expected[5:10]
    assert ids(find(store, "renamed")) == [changed.track_id]


@pytest.mark.parametrize(
    "text",
    [
        "\u202eevil\u0000 ocean \u2066 \u200f",
        "x" * 10_000,
        " ".join(f"w{number:03}" for number in range(2_000)),
        "㌖" * 500,
        "\U0001f3b5 サカナ ｱｲｳ ⅷ ﷺ",
        "$where: {'$gt': ''} . .. - the-",
    ],
    ids=["signs", "one long word", "many words", "letters that unfold", "scripts", "operators"],
)
def test_whatever_tags_hold_is_listed_and_found(store: Store, text: str) -> None:
    for number in range(LISTED_FROM):
        seed_track(store, Tags(text, f"Artist {number}", text[::-1], text[:300]))
    refresh_directory(store)
    words = search_terms(text)
    for word in words[:: len(words) // 5 + 1]:
        assert len(find(store, word, 2 * LISTED_FROM).tracks) == LISTED_FROM, word


@pytest.mark.parametrize(
    "tags",
    [
        Tags(" ".join(f"w{number:02}" for number in range(40)), "Ocean"),
        Tags(" ".join("abcdefghij"), " ".join("klmnopqrst"), " ".join("uvwxyz0123"), " ".join("456789_αβγ") + " Ocean"),
        Tags("⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇⒜⒝⒞⒟⒠⒡⒢⒣⒤⒥⒦⒧⒨⒩⒪⒫⒬⒭⒮⒯⒰⒱⒲⒳⒴⒵", "Ocean"),
    ],
    ids=["long", "short", "signs"],
)
def test_word_beyond_the_fortieth_is_a_word_of_no_track(store: Store, tags: Tags) -> None:
    for number in range(LISTED_FROM):
        file = TrackFile(LibraryPath("music", b"%d.mp3" % number), 1000, 1)
        store.tracks.put(Track(f"{number:032x}", tags, 185.0), file, NOW)
    refresh_directory(store)
    assert find(store, "oce") == find(store, "ocean") == Found(())
    assert len(find(store, fold_words(tags.title)[0]).tracks) == 10


def test_title_that_is_all_that_was_typed_comes_before_those_that_hold_more(store: Store) -> None:
    for number in range(2 * LISTED_FROM):
        seed_track(store, Tags(f"Love Me {number:03}", "Abba"))
    exact = seed_track(store, Tags("Love Me", "Zed"))
    refresh_directory(store)
    assert ids(find(store, "love me", 5))[0] == exact
    assert ids(find(store, "me love", 5))[0] == exact


def test_library_without_words_is_searched_in_vain(store: Store) -> None:
    refresh_directory(store)
    assert find(store, "ocean") == Found(())
    seed_track(store, Tags("???"))
    refresh_directory(store)
    assert find(store, "ocean") == Found(())


def test_exactly_known_words_are_looked_through_before_what_may_have_been_meant(store: Store) -> None:
    """The word that was meant begins others too, which nobody counts."""
    known = KnownTerms({"ivory": {"tracks": 500}, "the": {"tracks": 40_000}})
    assert _rarest(["ivory", "train"], known, {"train": 40}) == "ivory"
    assert _rarest(["the", "train"], known, {"train": 40, "trains": 2}) == "train"


def test_more_words_of_one_beginning_than_are_noted_are_found_by_the_vocabulary(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwise.extraction.vocabulary._MOST_NOTED", 3)
    tracks = [seed_track(store, Tags(f"rec{number:05}", "Someone")) for number in range(9)]
    refresh_directory(store)
    assert [ids(find(store, f"rec{number:05}")) for number in range(9)] == [[track] for track in tracks]
    assert set(ids(find(store, "rec0"))) == set(tracks)


def test_unchanged_library_writes_no_list_and_a_word_that_is_gone_has_none(store: Store) -> None:
    entries = [(f"{number:032x}", Tags("Ivory", "Savino")) for number in range(LISTED_FROM)]
    entries.append(("f" * 32, Tags("Ocean", "Mogwai")))
    assert write_lists(store, entries) > 10
    assert write_lists(store, entries) == 0
    write_lists(store, entries[1:-1])
    known = store.postings.look_up(["ocean", "ivory", "ivo"])
    assert [known.count(term) for term in ("ocean", "ivory", "ivo")] == [0, LISTED_FROM - 1, LISTED_FROM - 1]
    assert not known.listed("ivory")


def write_lists(store: Store, entries: list[tuple[str, Tags]]) -> int:
    return store.postings.put_all(make_postings(entries, count_words(tags for _, tags in entries)))


def test_tracks_are_found_by_whom_their_album_is_by(store: Store) -> None:
    for number in range(LISTED_FROM + 3):
        seed_track(store, Tags(f"Tune {number}", f"Guest {number}", "Hits", album_artist="Sofia Gubaidulina"))
    seed_track(store, Tags("Rondo", "Gubaidulina"))
    assert len(find(store, "gubai tune").tracks) == 10, "before the lists are made"
    refresh_directory(store)
    assert titles(find(store, "gubaidulina"))[0] == "Rondo", "artists come before whom albums are by"
    assert titles(find(store, "sofia 3"))[0] == "Tune 3"
    assert titles(find(store, "gubaidulnia")) == titles(find(store, "gubaidulina"))
