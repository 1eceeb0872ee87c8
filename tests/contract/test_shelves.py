"""What every MongoDB-protocol server must do for the lists that a library is browsed by."""

from __future__ import annotations

from dataclasses import replace

from earwise.extraction.directory import make_listings, refresh_directory, refresh_stale_directory
from earwise.store import Store
from earwise.store.search import fold_words
from earwise.store.shelf_keys import shelf_names
from earwise.store.shelves import Kind, Page, library_listing, shelf_key, shelves_listing, tracks_listing
from earwise.store.tracks import Tags
from tests.web.seeding import NOW, seed_track, track_id


def all_pages(store: Store, listing: str) -> list[Page]:
    pages = [store.shelves.page(listing, 1)]
    while pages[-1] and pages[-1].number < pages[-1].pages:
        pages.append(store.shelves.page(listing, pages[-1].number + 1))
    return [page for page in pages if page]


def test_every_artist_is_listed_once_in_order_with_its_tracks(store: Store) -> None:
    for number in range(150):
        seed_track(
            store, Tags(f"Title {number:03d}", f"Artist {number // 2:03d}", "Album", "Ambient", 1990 + number % 20)
        )
    refresh_directory(store)
    pages = all_pages(store, shelves_listing(Kind.ARTIST, "name"))
    names = [shelf.name for page in pages for shelf in page.shelves]
    assert names == sorted(names)
    assert len(names) == pages[0].total == 75
    genre = store.shelves.page(shelves_listing(Kind.GENRE, "size"), 1).shelves[0]
    assert (genre.name, genre.tracks) == ("Ambient", 150)
    tracks = [one for page in all_pages(store, tracks_listing(Kind.GENRE, genre.key, "title")) for one in page.entries]
    assert tracks == [track_id(f"Title {number:03d}Artist {number // 2:03d}") for number in range(150)]
    decades = store.shelves.page(shelves_listing(Kind.DECADE, "name"), 1).shelves
    assert [(shelf.name, shelf.tracks) for shelf in decades] == [("1990s", 80), ("2000s", 70)]


def test_names_that_differ_in_case_and_accents_are_one_and_albums_of_two_artists_are_two(store: Store) -> None:
    seed_track(store, Tags("A", "Sigur Rós", "Best of"))
    seed_track(store, Tags("B", "SIGUR ROS", "Best of"))
    seed_track(store, Tags("C", "Mogwai", "Best Of"))
    refresh_directory(store)
    artists = store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1)
    assert [shelf.tracks for shelf in artists.shelves] == [1, 2]
    assert dict(artists.marks) == {"m": 1, "s": 1}
    albums = store.shelves.page(shelves_listing(Kind.ALBUM, "name"), 1)
    assert sorted((shelf.byline.casefold()[:1], shelf.tracks) for shelf in albums.shelves) == [("m", 1), ("s", 2)]


def albums(store: Store) -> dict[tuple[str, str], int]:
    """Albums by name and byline, with the number of their tracks."""
    page = store.shelves.page(shelves_listing(Kind.ALBUM, "name"), 1)
    return {(shelf.name, shelf.byline): shelf.tracks for shelf in page.shelves}


def titles_of(store: Store, album: str, by: str) -> list[str]:
    page = store.shelves.page(tracks_listing(Kind.ALBUM, shelf_key(album, by), "album"), 1)
    found = store.tracks.get_many(page.entries)
    return [found[track].tags.title for track in page.entries]


def test_compilation_of_twenty_artists_is_one_album_in_its_own_order(store: Store) -> None:
    for number in range(20):
        artist, place = f"Artist {number * 7 % 20:02d}", number + 1
        seed_track(store, Tags(f"Title {place:02d}", artist, "Hits", "", 1999, place, "Various Artists"))
    refresh_directory(store)
    assert albums(store) == {("Hits", "Various Artists"): 20}
    assert titles_of(store, "Hits", "Various Artists") == [f"Title {place:02d}" for place in range(1, 21)]
    assert store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1).total == 20


def test_guest_on_a_track_leaves_the_album_whole(store: Store) -> None:
    seed_track(store, Tags("One", "Ann", "Live", track_number=1, album_artist="Ann"))
    seed_track(store, Tags("Two", "Ann feat. Ben", "Live", track_number=2, album_artist="Ann"))
    seed_track(store, Tags("Three", "Ann", "Live", track_number=3))
    refresh_directory(store)
    assert albums(store) == {("Live", "Ann"): 3}, "whose artist is the album's where no other is stated"
    assert titles_of(store, "Live", "Ann") == ["One", "Two", "Three"]


def test_discs_of_an_album_follow_one_another(store: Store) -> None:
    for disc in (2, 1, 10):
        for number in (2, 1, 11):
            title = f"{disc}-{number}"
            seed_track(store, Tags(title, "Ann", "Live", track_number=number, album_artist="Ann", disc_number=disc))
    seed_track(store, Tags("without a disc", "Ann", "Live", track_number=5, album_artist="Ann"))
    refresh_directory(store)
    assert titles_of(store, "Live", "Ann") == [
        *("1-1", "1-2", "without a disc", "1-11"),
        *("2-1", "2-2", "2-11"),
        *("10-1", "10-2", "10-11"),
    ]


def test_tracks_that_change_their_album_are_counted_where_they_are_and_empty_shelves_go(store: Store) -> None:
    ids = [seed_track(store, Tags(f"Title {number}", f"Artist {number % 2}", "Hits")) for number in range(4)]
    refresh_directory(store)
    assert albums(store) == {("Hits", "Artist 0"): 2, ("Hits", "Artist 1"): 2}
    for left, track in ((1, ids[0]), (0, ids[2])):
        found = store.tracks.get(track)
        tags = replace(found.tags, album_artist="Various Artists")
        store.tracks.put(replace(found, tags=tags), found.files[0], NOW)
        refresh_directory(store)
        kept = {("Hits", "Artist 0"): left} if left else {}
        assert albums(store) == {**kept, ("Hits", "Artist 1"): 2, ("Hits", "Various Artists"): 2 - left}
    assert store.shelves.page(tracks_listing(Kind.ALBUM, shelf_key("Hits", "Artist 0"), "album"), 1) is None


def test_letters_lead_to_whom_the_list_of_all_tracks_is_in_the_order_of(store: Store) -> None:
    for number in range(40):
        seed_track(store, Tags(f"Title {number}", "Zappa", "Hits", track_number=number, album_artist="Ann"))
    seed_track(store, Tags("Other", "Ben"))
    refresh_directory(store)
    page = store.shelves.page(library_listing("album"), 1)
    assert dict(page.marks) == {"a": 1, "b": 2}


def test_an_unchanged_library_writes_nothing_and_what_is_gone_leaves_the_lists(store: Store) -> None:
    entries = [("a", Tags("A", "Ben", "One", "Rock", 1999)), ("b", Tags("B", "Ann", "Two", "Rock", 2001))]
    assert store.shelves.put_all(make_listings(entries)) > 10
    assert store.shelves.put_all(make_listings(entries)) == 0
    store.shelves.put_all(make_listings(entries[:1]))
    assert [shelf.name for shelf in store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1).shelves] == ["Ben"]
    store.shelves.put_all(make_listings([]))
    assert store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1).entries == ()


def test_pages_that_are_not_there_are_none(store: Store) -> None:
    assert store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1) is None
    refresh_directory(store)
    assert store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 2) is None
    assert store.shelves.page(tracks_listing(Kind.ARTIST, "$where", "title"), 1) is None


def test_pages_in_a_row_are_read_as_if_they_were_one(store: Store) -> None:
    for number in range(100):
        seed_track(store, Tags(f"Title {number:03d}", "Savino", "Ocean", "Ambient"))
    refresh_directory(store)
    listing = tracks_listing(Kind.GENRE, shelf_key("Ambient"), "title")
    pages = all_pages(store, listing)
    for first, last in ((1, 2), (2, 4), (3, 9)):
        found = store.shelves.page(listing, first, last)
        assert found
        assert found.entries == tuple(one for page in pages[first - 1 : last] for one in page.entries)
        assert (found.number, found.pages, found.shelf) == (first, 4, pages[0].shelf)
    assert store.shelves.page(listing, 5, 6) is None


def test_every_track_is_on_the_shelves_that_its_tags_name(store: Store) -> None:
    everything = [
        Tags("Ivory", "Savino", "Ocean", "Ambient", 2007, 3),
        Tags("Ivory", "SAVINO", "océan", "ambient", 2001),
        Tags("Ágætis byrjun", "Sigur Rós", "Ocean"),
        Tags("Nothing said"),
        Tags("No artist", album="Ocean", year=800),
    ]
    for tags in everything:
        track = seed_track(store, tags)
        refresh_directory(store)
        for kind in Kind:
            names = shelf_names(kind, tags)
            page = store.shelves.page(tracks_listing(kind, shelf_key(*names), "album"), 1)
            assert track in page.entries if page else not names[0], (kind, tags)


def test_lists_are_stale_until_they_are_written_again(store: Store) -> None:
    assert store.shelves.is_stale(), "there are none yet"
    refresh_stale_directory(store)
    assert not store.shelves.is_stale()
    seed_track(store, Tags("A", "Mogwai"))
    store.shelves.mark_stale()
    store.shelves.mark_stale()
    refresh_stale_directory(store)
    assert not store.shelves.is_stale()
    assert store.shelves.page(shelves_listing(Kind.ARTIST, "name"), 1).total == 1


def test_library_that_does_not_change_gets_the_lists_of_a_new_version(store: Store, database_name: str) -> None:
    seed_track(store, Tags("Ivory", "Savino"))
    refresh_directory(store)
    shelves = store.client[database_name]["shelves"]
    shelves.delete_many({"_id": {"$in": [*(one["_id"] for one in shelves.find() if "library" in one["_id"]), "form"]}})
    refresh_stale_directory(store)
    page = store.shelves.page(library_listing("album"), 1)
    assert page is not None
    assert page.total == 1


def narrowed(store: Store, typed: str, *, order: str = "name", kind: Kind = Kind.ARTIST) -> list[str]:
    page = store.shelves.narrowed(kind, fold_words(typed), order, 1)
    assert page
    assert page.total == len(page.entries)
    return [shelf.name for shelf in page.shelves]


def test_shelves_are_narrowed_by_how_any_word_of_their_name_begins(store: Store) -> None:
    names = ("Sigur Rós", "Rosalía", "The Roots", "ROS", "Mogwai", "R", "東京事変", "Simon & Garfunkel", "!!!")
    for number, name in enumerate(names):
        for track in range(number + 1):
            seed_track(store, Tags(f"Title {track}", name, "Album", "Ambient"))
    refresh_directory(store)
    assert narrowed(store, "ros") == ["ROS", "Rosalía", "Sigur Rós"]
    assert narrowed(store, "ROS", order="size") == ["ROS", "Rosalía", "Sigur Rós"]
    assert narrowed(store, "r") == ["R", "ROS", "Rosalía", "Sigur Rós", "The Roots"]
    assert narrowed(store, "r", order="size")[:2] == ["R", "ROS"]
    assert narrowed(store, "ros si") == ["Sigur Rós"]
    assert narrowed(store, "s g") == ["Simon & Garfunkel"]
    assert narrowed(store, "東") == ["東京事変"]
    assert narrowed(store, "osa") == []
    assert narrowed(store, "ambi", kind=Kind.GENRE) == ["Ambient"]


def test_narrowed_shelves_are_cut_into_pages(store: Store) -> None:
    for number in range(130):
        seed_track(store, Tags("Title", f"Artist {number:03d}"))
    refresh_directory(store)
    pages = [store.shelves.narrowed(Kind.ARTIST, ["art"], "name", number) for number in (1, 2, 3, 4)]
    assert [page and (page.number, page.pages, page.total) for page in pages] == [
        *((n, 3, 130) for n in (1, 2, 3)),
        None,
    ]
    names = [shelf.name for page in pages if page for shelf in page.shelves]
    assert names == [f"Artist {number:03d}" for number in range(130)]


def test_names_of_ten_thousand_characters_are_narrowed_too(store: Store) -> None:
    seed_track(store, Tags("Title", "x" * 10_000))
    refresh_directory(store)
    assert len(narrowed(store, "x" * 200)) == 1
