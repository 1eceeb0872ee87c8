"""Links, queues and open pages that name a track whose file was encoded anew reach the track it has become."""

from __future__ import annotations

from pathlib import Path

import pytest

from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.web.conftest import Browser, Program
from tests.web.seeding import NOW, leave, seed_model, seed_track, track_id
from tests.web.test_pictures import JPEG, hear
from tests.web.test_radio import rows_of


@pytest.fixture
def tracks(store: Store) -> tuple[str, str]:
    """A former track, and the one it has become."""
    old, new = seed_track(store, Tags("Ivory", "before")), seed_track(store, Tags("Ivory", "after"))
    store.tracks.remove_file(old, LibraryPath("music", old.encode() + b".mp3"), NOW)
    store.aliases.put(old, new, NOW)
    return old, new


def test_page_of_a_former_track_leads_to_what_it_became(listener: Browser, tracks: tuple[str, str]) -> None:
    old, new = tracks
    answer = listener.get(f"/tracks/{old}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/tracks/{new}")


def test_rating_on_a_page_that_was_open_meanwhile_reaches_what_it_became(
    listener: Browser, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    listener.submit(f"/tracks/{old}/stars", page=f"/tracks/{new}", stars="4")
    assert listener.get(f"/tracks/{new}/marks").json["stars"] == 4


def test_playlist_made_on_a_page_that_was_open_meanwhile_holds_what_it_became(
    store: Store, listener: Browser, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    made = listener.submit("/playlists", name="Slow", track=old)
    assert new in listener.get(made.headers["Location"]).text


def test_pages_that_go_on_from_a_former_track_go_on_from_what_it_became(
    store: Store, listener: Browser, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    near = seed_track(store, Tags("Ivory", "near"))
    seed_model(store, [new, near], names=("All",))
    listener.submit(f"/tracks/{old}/favourite", page=f"/tracks/{new}", favourite="yes")
    assert listener.get(f"/tracks/{old}/marks").json == {"stars": 0, "favourite": True}
    assert rows_of(listener.get(f"/tracks/{old}/radio").text) == [new, near]
    assert rows_of(listener.get(f"/map/tracks/{old}").text) == [new]
    for seed, other, became in ((old, near, f"{new}/why/{near}"), (near, old, f"{near}/why/{new}")):
        assert listener.get(f"/tracks/{seed}/why/{other}").location == f"/tracks/{became}"
    store.aliases.remove([old])
    for path in (f"/tracks/{old}/radio", f"/map/tracks/{old}", f"/tracks/{old}/why/{near}"):
        assert listener.get(path).status_code == 404, path


@pytest.mark.parametrize("kind", ["picture", "sound-print"])
def test_picture_of_a_former_track_is_that_of_what_it_became(
    store: Store, listener: Browser, tracks: tuple[str, str], kind: str
) -> None:
    old, new = tracks
    seed_model(store, [new, seed_track(store, Tags("Ivory", "near"))], names=("All",))
    hear(store, [new])
    found, own = listener.get(f"/tracks/{old}/{kind}"), listener.get(f"/tracks/{new}/{kind}")
    assert (found.mimetype, found.data) == ("image/svg+xml", own.data)


def test_cover_of_a_former_track_is_that_of_what_it_became(
    store: Store, listener: Browser, library: Path, tracks: tuple[str, str]
) -> None:
    old, _ = tracks
    new = seed_track(store, Tags("Ivory", "later"), path=b"later/a.flac")
    (library / "later").mkdir()
    (library / "later" / "a.flac").write_bytes(b"fLaC")
    (library / "later" / "cover.jpg").write_bytes(JPEG)
    store.aliases.put(old, new, NOW)
    assert listener.get(f"/tracks/{old}/picture").data == JPEG


def test_missing_track_that_became_none_is_not_found(store: Store, listener: Browser, tracks: tuple[str, str]) -> None:
    old, _ = tracks
    store.aliases.remove([old])
    assert listener.get(f"/tracks/{old}").status_code == 404
    assert listener.get(f"/tracks/{track_id('never was')}").status_code == 404


def test_program_that_knows_a_former_track_speaks_of_what_it_became(
    store: Store, program: Program, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    assert program.send("PUT", f"/ratings/{old}", json={"stars": 4, "favourite": True}).status_code == 200
    assert program.get(f"/ratings/{new}").json["stars"] == program.get(f"/ratings/{old}").json["stars"] == 4
    body = {"track_id": old, "heard_s": 40}
    assert program.send("PUT", f"/events/{1:016x}", json=body).json == {"is_play": True}
    assert program.get("/events").json["items"][0]["track"]["id"] == new
    assert program.send("DELETE", f"/ratings/{old}").status_code == 204
    assert program.get(f"/ratings/{new}").json == {"stars": 0, "favourite": False}


def test_program_judges_what_former_tracks_became_and_takes_that_back(
    store: Store, program: Program, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    owner = store.listeners.get_by_name("mira").listener_id
    near = seed_track(store, Tags("Ivory", "near"))
    seed_model(store, [new, near], names=("All",))
    for seed, track, now in ((old, near, (new, near)), (near, old, (near, new))):
        thumb = f"/tracks/{seed}/similar/{track}/thumb"
        assert program.send("PUT", thumb, json={"is_up": True}).status_code == 204
        assert store.ratings.marks(owner, now[0]).thumbs == {now[1]: True}
        assert program.send("DELETE", thumb).status_code == 204
        assert store.ratings.marks(owner, now[0]).thumbs == {}


def test_program_puts_a_former_track_into_playlists_as_what_it_became_and_takes_it_out(
    store: Store, program: Program, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    made = program.send("POST", "/playlists", json={"name": "Slow", "tracks": [old, new]})
    assert (made.status_code, made.json["tracks"]) == (201, [new])
    playlist = made.headers["Location"].removeprefix("/api/v1")
    assert program.get(playlist).json["tracks"] == [new]
    assert program.send("DELETE", f"{playlist}/tracks/{old}").status_code == 204
    assert program.send("DELETE", f"{playlist}/tracks/{old}").status_code == 404
    assert program.send("PUT", f"{playlist}/tracks/{old}").status_code == 204
    assert program.send("PUT", f"{playlist}/tracks/{old}").status_code == 204
    found = program.get(playlist)
    assert found.json["tracks"] == [new]
    body = {"name": "Slower", "tracks": [old]}
    replaced = program.send("PUT", playlist, {"If-Match": found.headers["ETag"]}, json=body)
    assert replaced.json["tracks"] == [new]
    unknown = track_id("never was")
    assert program.send("PUT", f"{playlist}/tracks/{unknown}").status_code == 404
    assert program.send("POST", "/playlists", json={"name": "Slow", "tracks": [old, unknown]}).status_code == 404
    leave(store, [new])
    assert program.send("POST", "/playlists", json={"name": "Slow", "tracks": [old]}).status_code == 404


@pytest.mark.parametrize("is_in_model", [False, True])
def test_path_from_or_to_a_former_track_is_that_of_what_it_became(
    store: Store, listener: Browser, program: Program, tracks: tuple[str, str], is_in_model: bool
) -> None:
    old, new = tracks
    near = seed_track(store, Tags("Ivory", "near"))
    # A model that was trained before knows the former track too.
    seed_model(store, [new, near, *([old] if is_in_model else [])], names=("All",))
    for first, last, way in ((old, near, [new, near]), (near, old, [near, new])):
        assert [one["id"] for one in program.get(f"/path?from={first}&to={last}").json["items"]] == way
        made = listener.submit(f"/tracks/{first}/path", page=f"/tracks/{new}/path?to=ivory", track=last)
        assert rows_of(listener.get(made.location).text) == way
    store.aliases.remove([old])
    assert program.get(f"/path?from={old}&to={near}").status_code == 404


@pytest.mark.parametrize("of", ["seed", "track"])
def test_thumb_on_a_page_that_was_open_meanwhile_is_kept_with_what_its_tracks_became(
    store: Store, listener: Browser, tracks: tuple[str, str], of: str
) -> None:
    old, new = tracks
    near = seed_track(store, Tags("Ivory", "near"))
    seed_model(store, [new, near], names=("All",))
    seed, track = (old, near) if of == "seed" else (near, old)
    fields = {"seed": seed, "model": "model-1", "thumb": "up"}
    listener.submit(f"/tracks/{track}/thumb", page=f"/tracks/{new}", **fields)
    owner = store.listeners.get_by_name("mira").listener_id
    seed, track = (new, near) if of == "seed" else (near, new)
    assert store.ratings.marks(owner, seed).thumbs == {track: True}


def test_listening_that_began_before_its_track_became_another_is_told_to_its_end(
    store: Store, listener: Browser, program: Program, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    owner = store.listeners.get_by_name("mira").listener_id
    for listening in ("a" * 32, "b" * 32):
        store.events.record(owner, listening, old, heard_s=12, duration_s=185, now=NOW)
    told = listener.submit(f"/tracks/{old}/heard", page=f"/tracks/{new}", listening="a" * 32, heard_s="40")
    assert told.status_code == 204
    body = {"track_id": old, "heard_s": 40}
    assert program.send("PUT", f"/events/{'b' * 32}", json=body).json == {"is_play": True}


def test_program_takes_a_rating_back_of_a_track_that_is_missing(
    store: Store, program: Program, tracks: tuple[str, str]
) -> None:
    old, _ = tracks
    store.aliases.remove([old])
    assert program.send("PUT", f"/ratings/{old}", json={"stars": 4, "favourite": False}).status_code == 404
    assert program.send("DELETE", f"/ratings/{old}").status_code == 204


def test_program_asks_what_is_similar_to_a_former_track(
    store: Store, program: Program, tracks: tuple[str, str]
) -> None:
    old, new = tracks
    near = seed_track(store, Tags("Ivory", "near"))
    seed_model(store, [new, near], names=("All",))
    assert program.get(f"/tracks/{old}/radio").json == program.get(f"/tracks/{new}/radio").json
    assert program.get(f"/tracks/{old}/similar").json == program.get(f"/tracks/{new}/similar").json
    store.aliases.remove([old])
    assert program.get(f"/tracks/{old}/similar").status_code == 404
