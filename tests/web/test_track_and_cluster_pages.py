"""What a model has found, as pages show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from earwise.paths import LibraryPath
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import Browser, broken
from tests.web.reading import next_page, titles
from tests.web.seeding import NOW, leave, seed_model, seed_track, seed_tracks


def test_track_page_ranks_its_neighbours_with_distance_cluster_and_player(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks, neighbours=3)
    page = listener.get(f"/tracks/{tracks[0]}").text
    assert titles(page) == ["Title 001", "Title 002", "Title 003"]
    assert [figure in page for figure in ("0.050", "0.100", "0.150")] == [True] * 3
    assert page.count('class="chip') == 4
    for near in tracks[:4]:
        assert f'href="/tracks/{near}/audio"' in page
    assert 'aria-label="Play Title 001 by Artist 1"' in page


def test_track_page_shows_the_nearest_and_the_others_on_request(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks, neighbours=40)
    page = listener.get(f"/tracks/{tracks[0]}").text
    assert titles(page) == [f"Title {n:03d}" for n in range(1, 26)]
    assert ">Show more</a>" in page
    assert f'href="/tracks/{tracks[0]}?show=all#rank-26"' in page
    whole = listener.get(f"/tracks/{tracks[0]}?show=all").text
    assert titles(whole) == [f"Title {n:03d}" for n in range(1, 41)]
    assert 'id="rank-26"' in whole
    assert ">Show more</a>" not in whole
    assert 'class="bar-part" width="62.5"' in page  # the 25th of 40, before and after
    assert 'class="bar-part" width="62.5"' in whole


def test_others_take_the_places_of_the_nearest_that_left(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 60)
    seed_model(store, tracks, neighbours=40)
    for left, has_more in ((range(1, 11), True), (range(11, 16), False), (range(16, 26), False)):
        for n in left:
            store.tracks.remove_file(tracks[n], LibraryPath("music", tracks[n].encode() + b".mp3"), NOW)
        page = listener.get(f"/tracks/{tracks[0]}").text
        assert titles(page) == [f"Title {n:03d}" for n in range(left[-1] + 1, 41)][:25]
        assert (">Show more</a>" in page) == has_more


def test_track_that_left_the_library_is_in_no_list_and_has_no_page(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks, neighbours=3)
    store.tracks.remove_file(tracks[1], LibraryPath("music", tracks[1].encode() + b".mp3"), NOW)
    assert titles(listener.get(f"/tracks/{tracks[0]}").text) == ["Title 002", "Title 003"]
    assert "Title 001" not in listener.get("/clusters/1").text
    assert listener.get(f"/tracks/{tracks[1]}").status_code == 404


def test_track_newer_than_the_model_says_when_it_will_be_recommended(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    page = listener.get(f"/tracks/{seed_track(store, Tags('Brand new'))}").text
    assert "New in the library" in page
    assert "after the next look at the library" in page


def test_cluster_page_lists_all_its_tracks_the_most_typical_first(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 80)
    seed_model(store, tracks, names=("Slow strings", "Bright piano"))
    first = listener.get("/clusters/1").text
    assert "Bright piano" in first
    assert titles(first)[:2] == ["Title 001", "Title 003"]
    second = listener.get(next_page(first)).text
    assert titles(first) + titles(second) == [f"Title {n:03d}" for n in range(1, 80, 2)]
    assert next_page(second) is None


@pytest.mark.parametrize("path", ["/clusters/99", "/clusters/1?page=0", "/clusters/1?page=9", f"/clusters/{10**30}"])
def test_cluster_or_page_that_does_not_exist_is_not_found(store: Store, listener: Browser, path: str) -> None:
    seed_model(store, seed_tracks(store, 12))
    assert listener.get(path).status_code == 404


def test_overview_shows_the_most_typical_tracks_of_every_cluster(store: Store, listener: Browser) -> None:
    seed_model(store, seed_tracks(store, 12))
    page = listener.get("/clusters").text
    assert [name in page for name in ("Slow strings", "Bright piano", "Heavy drums")] == [True] * 3
    assert titles(page) == [f"Title {n:03d}" for n in (0, 3, 6, 1, 4, 7, 2, 5, 8)]


def test_pages_follow_the_active_model_when_it_changes(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    seed_model(store, tracks, model_id="model-2", names=("Only one",))
    assert "Only one" in listener.get("/clusters").text
    assert "Slow strings" not in listener.get(f"/tracks/{tracks[0]}").text


def test_library_of_one_track_is_told_in_the_singular(store: Store, listener: Browser) -> None:
    only = seed_track(store, Tags("Only"))
    seed_model(store, [only], names=("Lonely",))
    assert "1 kind of sound" in listener.get("/clusters").text
    assert "<p>1 track</p>" in listener.get("/clusters/0").text
    page = listener.get(f"/tracks/{only}").text
    assert "Nothing to compare it with yet" in page
    assert "near enough" not in page


@pytest.mark.parametrize(
    ("most", "rule"),
    [
        (0, "Of copies one is listed."),
        (1, "Of copies one is listed, and an artist once."),
        (3, "Of copies one is listed, and an artist at most 3 times."),
    ],
)
def test_lists_say_what_they_leave_out(
    store: Store, listener: Browser, settings: Settings, most: int, rule: str
) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks, neighbours=3)
    with broken(listener.client.application, "earwise_settings", replace(settings, per_artist=most)):
        assert rule in listener.get(f"/tracks/{tracks[0]}").text
        page = listener.get(f"/tracks/{tracks[0]}/why/{tracks[7]}").text
    assert f"not in the list of the first, which holds its 50 nearest tracks. {rule}" in page


def test_overview_without_a_map_says_when_the_lists_come(store: Store, listener: Browser, database_name: str) -> None:
    seed_model(store, seed_tracks(store, 12))
    assert "the most typical of each." in listener.get("/clusters").text
    store.client[database_name]["maps"].delete_many({})
    page = listener.get("/clusters").text
    assert "still to be written" in page
    assert "These tracks" not in page
    assert "Bright piano" in page
    assert 'class="examples"' not in page


def test_overview_says_of_a_cluster_whose_examples_left_that_they_did(store: Store, listener: Browser) -> None:
    tracks = seed_tracks(store, 12)
    seed_model(store, tracks)
    leave(store, tracks[1::3])
    page = listener.get("/clusters").text
    assert page.count("None of these is in the library any more") == 1
    assert page.count('class="examples"') == 2
