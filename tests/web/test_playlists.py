"""Playlists by plain forms: made, filled, ordered, exported, deleted, and everything taken back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.playlists import KEPT_DELETED
from earwise.store.tracks import Tags
from tests.web.conftest import Browser, broken
from tests.web.reading import titles
from tests.web.seeding import HOSTILE, NOW, seed_model, seed_track, seed_tracks


@pytest.fixture
def tracks(store: Store) -> list[str]:
    return seed_tracks(store, 5)


@pytest.fixture
def playlist(listener: Browser, tracks: list[str]) -> str:
    """Address of a playlist of the first three tracks."""
    path = make(listener, "Night")
    for track in tracks[:3]:
        listener.submit(f"{path}/add", page=path, track=track)
    return path


def make(browser: Browser, name: str) -> str:
    answer = browser.submit("/playlists", name=name)
    assert answer.status_code == 302, answer.text
    return answer.location


def undo(browser: Browser, page: str) -> str:
    """Press the page's button that takes back what was done; the page that follows."""
    form = page.split('class="done"')[1].split("</form>")[0]
    address = re.search(r'action="([^"]+)"', form)
    assert address
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    return browser.client.post(html.unescape(address[1]), data=fields, follow_redirects=True).text


def test_playlist_is_made_and_filled(listener: Browser, playlist: str) -> None:
    assert titles(listener.get(playlist).text) == ["Title 000", "Title 001", "Title 002"]
    assert "3 tracks" in listener.get("/playlists").text


def test_without_playlists_the_page_says_what_to_do(listener: Browser) -> None:
    assert "No playlists yet" in listener.get("/playlists").text
    assert "Nothing in it yet" in listener.get(make(listener, "Empty")).text


@pytest.mark.parametrize(("name", "message"), [("", "Give it a name."), ("x" * 101, "Use at most 100 characters.")])
def test_name_that_does_not_do_is_said_at_the_field(listener: Browser, playlist: str, name: str, message: str) -> None:
    for path in ("/playlists", f"{playlist}/rename"):
        answer = listener.submit(path, page="/playlists", name=name)
        assert answer.status_code == 400
        assert message in answer.text


def test_track_goes_into_the_playlist_that_is_chosen(listener: Browser, playlist: str, tracks: list[str]) -> None:
    chosen = listener.get(f"/playlists/add/{tracks[4]}").text
    assert f'action="{playlist}/add"' in chosen
    answer = listener.submit(f"{playlist}/add", page=f"/playlists/add/{tracks[4]}", track=tracks[4])
    assert answer.location == f"/tracks/{tracks[4]}"
    page = listener.get(answer.location).text
    assert "Title 004 is in “Night” now." in page
    assert titles(undo(listener, page)) == ["Title 000", "Title 001", "Title 002"]
    again = listener.submit(f"{playlist}/add", page="/playlists", track=tracks[0])
    assert "was in “Night” already" in listener.get(again.location).text


def test_track_goes_into_a_new_playlist(listener: Browser, tracks: list[str]) -> None:
    path = f"/playlists/add/{tracks[4]}"
    answer = listener.submit("/playlists", page=path, name="Dawn", track=tracks[4])
    assert titles(listener.get(answer.location).text) == ["Title 004"]


@pytest.mark.parametrize("origin", ["/?q=title&page=2", "/favourites", f"/browse/artists/{'a' * 16}?page=3"])
def test_adding_leads_back_to_the_place_where_the_track_was_found(
    listener: Browser, playlist: str, tracks: list[str], origin: str
) -> None:
    headers = {"Referer": f"http://localhost{origin}"}
    chosen = listener.get(f"/playlists/add/{tracks[4]}", headers=headers).text
    (back, *_) = re.findall(r'name="next" value="([^"]+)"', chosen)
    assert html.unescape(back) == origin
    fields = {"csrf_token": listener.token("/playlists"), "track": tracks[4], "next": origin}
    assert listener.client.post(f"{playlist}/add", data=fields).location == f"{origin}#track-{tracks[4]}"
    answer = listener.client.post(f"{playlist}/add", data=fields, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Location"])["path"] == f"{origin}#track-{tracks[4]}"
    page = listener.get("/playlists").text
    assert "is in “Night” now." in page
    form = page.split('class="done"')[1].split("</form>")[0]
    taken_back = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form)) | {"next": origin}
    assert html.unescape(re.findall(r'name="next" value="([^"]*)"', form)[0]) == origin
    assert listener.client.post(f"{playlist}/remove", data=taken_back).location == f"{origin}#track-{tracks[4]}"
    assert "Title 004" not in titles(listener.get(playlist).text)


@pytest.mark.parametrize(
    "referrer",
    [
        "http://evil.example/",
        "http://localhost//evil.example",
        "http://localhost/playlists/add/{}",
        "http://localhost/log-in?next=/playlists/add/{}",
        "http://localhost/sign-up",
        "",
    ],
)
def test_adding_leads_to_the_track_where_nothing_led_to_the_choice(
    listener: Browser, playlist: str, tracks: list[str], referrer: str
) -> None:
    headers = {"Referer": referrer.format(tracks[4])}
    assert 'name="next"' not in listener.get(f"/playlists/add/{tracks[4]}", headers=headers).text
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", ""):
        answer = listener.submit(f"{playlist}/add", page="/playlists", track=tracks[4], next=target)
        assert answer.location == f"/tracks/{tracks[4]}", target


def test_place_that_a_message_leads_back_to_is_on_the_page(
    listener: Browser, store: Store, playlist: str, tracks: list[str]
) -> None:
    seed_model(store, tracks, neighbours=3)
    owner = store.listeners.get_by_name("mira").listener_id
    for number in range(3):
        store.events.record(owner, f"{number}", tracks[1], heard_s=60, duration_s=185, now=NOW)
    for path in ("/", f"/tracks/{tracks[0]}", playlist, "/history"):
        page = listener.get(path).text
        assert page.count(f'id="track-{tracks[1]}"') == 1, path


@pytest.mark.parametrize("is_full", [False, True])
def test_refused_name_of_a_new_playlist_keeps_the_track_that_it_was_for(
    listener: Browser, tracks: list[str], monkeypatch: pytest.MonkeyPatch, is_full: bool
) -> None:
    if is_full:
        monkeypatch.setattr("earwise.store.playlists.MOST_PLAYLISTS", 0)
    path, name = f"/playlists/add/{tracks[4]}", "Dawn" if is_full else "x" * 101
    refused = listener.submit("/playlists", page=path, name=name, track=tracks[4], next="/favourites")
    assert refused.status_code == 400
    assert ("There are 0 playlists already." if is_full else "Use at most 100 characters.") in refused.text
    assert "<h1>Add to a playlist</h1>" in refused.text
    form = dict(
        re.findall(r'name="([^"]+)" (?:type="text" autocomplete="off" required )?value="([^"]*)"', refused.text)
    )
    assert (form["track"], form["name"], form["next"]) == (tracks[4], name, "/favourites")
    monkeypatch.undo()
    made = listener.client.post("/playlists", data=form | {"name": "Dawn"})
    assert titles(listener.get(made.location).text) == ["Title 004"]


def test_no_playlist_is_made_for_a_track_that_is_no_more(listener: Browser) -> None:
    assert listener.submit("/playlists", name="Dawn", track="0" * 32).status_code == 404
    assert "No playlists yet" in listener.get("/playlists").text


def test_full_playlist_says_that_nothing_can_be_put_back(
    listener: Browser, playlist: str, tracks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwise.store.playlists.MOST_TRACKS", 3)
    page = listener.get(listener.submit(f"{playlist}/remove", page=playlist, track=tracks[1]).location).text
    listener.submit(f"{playlist}/add", page=playlist, track=tracks[4])
    assert "A playlist holds 3 tracks at most." in undo(listener, page)
    assert titles(listener.get(playlist).text) == ["Title 000", "Title 002", "Title 004"]


def test_track_is_moved(listener: Browser, playlist: str, tracks: list[str]) -> None:
    answer = listener.submit(f"{playlist}/move", page=playlist, track=tracks[2], place="0")
    assert answer.location == playlist
    assert titles(listener.get(playlist).text) == ["Title 002", "Title 000", "Title 001"]


def test_track_that_was_taken_out_comes_back_to_its_place(listener: Browser, playlist: str, tracks: list[str]) -> None:
    answer = listener.submit(f"{playlist}/remove", page=playlist, track=tracks[1])
    page = listener.get(answer.location).text
    assert titles(page) == ["Title 000", "Title 002"]
    assert titles(undo(listener, page)) == ["Title 000", "Title 001", "Title 002"]


def test_playlist_is_renamed(listener: Browser, playlist: str) -> None:
    listener.submit(f"{playlist}/rename", page=playlist, name="Dawn")
    assert "<bdi>Dawn</bdi></h1>" in listener.get(playlist).text


def test_deleted_playlist_is_gone_and_comes_back(listener: Browser, playlist: str) -> None:
    answer = listener.submit(f"{playlist}/delete", page=playlist)
    page = listener.get(answer.location).text
    assert "“Night” is deleted." in page
    assert listener.get(playlist).status_code == 404
    assert titles(undo(listener, page)) == ["Title 000", "Title 001", "Title 002"]


def test_deleted_playlist_comes_back_for_a_day_from_the_page_of_playlists(
    listener: Browser, store: Store, playlist: str, enter: Callable[..., Browser]
) -> None:
    assert "Deleted within" not in listener.get("/playlists").text
    listener.submit(f"{playlist}/delete", page=playlist)
    listener.get("/playlists")  # shows Undo, once
    page = listener.get("/playlists").text
    assert "No playlists yet" in page
    assert 'class="done"' not in page
    assert f'action="{playlist}/restore"' in page
    assert "Night" not in enter("jon").get("/playlists").text
    answer = listener.submit(f"{playlist}/restore", page="/playlists")
    assert titles(listener.get(answer.location).text) == ["Title 000", "Title 001", "Title 002"]
    owner, playlist_id = store.listeners.get_by_name("mira").listener_id, playlist.rpartition("/")[2]
    store.playlists.delete(owner, playlist_id, datetime.now(UTC) - KEPT_DELETED)
    assert "Deleted within" not in listener.get("/playlists").text


def test_playlist_is_saved_as_m3u(listener: Browser, store: Store, playlist: str, tracks: list[str]) -> None:
    strange = seed_track(store, Tags("Line\nbreak", "Sigur Rós"), path=b"a\n\xff/b.mp3", duration_s=61.5)
    listener.submit(f"{playlist}/add", page=playlist, track=strange)
    answer = listener.get(f"{playlist}.m3u8")
    assert answer.headers["Content-Disposition"] == "attachment; filename=Night.m3u8"
    assert answer.text.split("\n")[:4] == [
        "#EXTM3U",
        "#PLAYLIST:Night",
        "#EXTINF:185,Artist 0 - Title 000",
        f"{tracks[0]}.mp3",
    ]
    assert answer.text.split("\n")[-3:] == ["#EXTINF:62,Sigur Rós - Linebreak", "a\ufffd/b.mp3", ""]


def test_line_of_m3u_that_would_be_a_comment_is_none(listener: Browser, store: Store, playlist: str) -> None:
    for number, path in enumerate((b"#1 hits/a.mp3", b"\n#.mp3", b" #b.mp3", b"live/#c.mp3")):
        track = seed_track(store, Tags(f"Hit {number}"), path=path)
        listener.submit(f"{playlist}/add", page=playlist, track=track)
    lines = listener.get(f"{playlist}.m3u8").text.split("\n")
    assert lines[-8::2] == ["./#1 hits/a.mp3", "./#.mp3", "./ #b.mp3", "live/#c.mp3"]


def test_lines_of_m3u_name_the_root_where_there_are_several(
    settings: Settings, store: Store, listener: Browser, playlist: str, tmp_path: Path
) -> None:
    seed = seed_track(store, Tags("Elsewhere"), path=b"live/a.mp3", root="disk")
    listener.submit(f"{playlist}/add", page=playlist, track=seed)
    assert listener.get(f"{playlist}.m3u8").text.endswith("\nlive/a.mp3\n")
    several = replace(settings, library=(*settings.library, Root("disk", tmp_path)))
    with broken(listener.client.application, "earwise_settings", several):
        assert listener.get(f"{playlist}.m3u8").text.endswith("\ndisk/live/a.mp3\n")


def test_track_that_left_the_library_waits_in_its_place(
    listener: Browser, store: Store, playlist: str, tracks: list[str]
) -> None:
    store.tracks.remove_file(tracks[1], LibraryPath("music", tracks[1].encode() + b".mp3"), NOW)
    page = listener.get(playlist).text
    assert titles(page) == ["Title 000", "Title 002"]
    assert "1 of them not in the library just now" in page


def test_track_is_moved_past_those_that_are_not_shown(
    listener: Browser, store: Store, playlist: str, tracks: list[str]
) -> None:
    for track_id in tracks[1:4]:
        listener.submit(f"{playlist}/add", page=playlist, track=track_id)
    for left in (tracks[0], tracks[2]):
        store.tracks.remove_file(left, LibraryPath("music", left.encode() + b".mp3"), NOW)
    page = listener.get(playlist).text
    shown = titles(page)
    assert shown == ["Title 001", "Title 003"]
    steps = re.findall(r'<button class="tool" id="(up|down)-[^>]*value="(-?\d+)"[^>]*?( disabled)?>', page)
    assert [(way, bool(off)) for way, _, off in steps] == [("up", True), ("down", False), ("up", False), ("down", True)]
    listener.submit(f"{playlist}/move", page=playlist, track=tracks[1], place=steps[1][1])
    assert titles(listener.get(playlist).text) == shown[::-1]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_of_a_playlist_is_only_text(listener: Browser, name: str) -> None:
    answer = listener.submit("/playlists", name=name[:100])
    for path in (answer.location, "/playlists"):
        page = listener.get(path).text
        for dangerous in ("<script>alert", "<img src=x", "onmouseover='", "\0", "\x07", "\u202e", ">49<"):
            assert dangerous not in page
    assert listener.get(f"{answer.location}.m3u8").status_code == 200
