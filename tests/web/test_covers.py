"""Covers in the sizes of pages: small, drawn once, and harmless whatever the picture is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from earwise.errors import UndrawnError
from earwise.paths import LibraryPath
from earwise.playback import artwork, covers
from earwise.playback.artwork import Picture
from earwise.root import Copies
from earwise.roots.opening import open_start
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags
from tests.pictures import look_at, make_bomb, make_palette, make_picture, make_plain, make_turned
from tests.web.conftest import Browser
from tests.web.seeding import seed_model, seed_track, seed_tracks
from tests.web.test_pictures import JPEG, embed, hear, seed_file


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the program was started for."""
    started: list[Any] = []
    run = subprocess.run

    def count(command: Any, **options: Any) -> Any:
        started.append(command)
        return run(command, **options)

    monkeypatch.setattr(covers.subprocess, "run", count)
    return started


def seed_covered(store: Store, library: Path, name: str, content: bytes) -> str:
    """A track whose file holds this picture, and which has a sound-print."""
    track_id = seed_file(store, library, name)
    embed(library / name, content)
    seed_model(store, [track_id])
    hear(store, [track_id])
    return track_id


def ask(listener: Browser, track_id: str, size: object, etag: str = "") -> TestResponse:
    return listener.get(f"/tracks/{track_id}/picture?size={size}", headers={"If-None-Match": etag} if etag else {})


def test_pages_ask_for_covers_in_the_size_that_they_show(store: Store, listener: Browser) -> None:
    seed_model(store, ids := seed_tracks(store, 3))
    page = listener.get(f"/tracks/{ids[0]}").text
    images = re.findall(
        r'<img class="(cover|banner-cover)" src="[^"]+/picture(\S*)" width="(\d+)" height="\3"(.*?)>', page
    )
    assert {image[:3] for image in images} == {("cover", "?size=128", "44"), ("banner-cover", "?size=512", "176")}
    assert all('loading="lazy"' in image[3] for image in images)
    assert set(re.findall(r'data-picture="[^"]+/picture([^"]*)"', page)) == {"?size=512"}


@pytest.mark.parametrize("codec", ["mjpeg", "png"])
def test_cover_fits_into_its_square_and_keeps_its_shape(
    store: Store, listener: Browser, library: Path, codec: str
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(900, 600, codec))
    for size_px, most_bytes in ((128, 8_000), (512, 80_000)):
        answer = ask(listener, track_id, size_px)
        assert (answer.status_code, answer.mimetype) == (200, "image/webp")
        assert look_at(answer.data).shape[:2] == (round(size_px * 2 / 3), size_px)
        assert len(answer.data) < most_bytes


def test_small_cover_is_not_made_larger(store: Store, listener: Browser, library: Path) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(100, 60))
    assert look_at(ask(listener, track_id, 512).data).shape[:2] == (60, 100)


@pytest.mark.parametrize(
    "colour", [(200, 30, 40), (20, 90, 200), (250, 250, 245), (10, 160, 60, 0), (10, 160, 60, 255)]
)
def test_cover_keeps_its_colours_and_what_is_clear(tmp_path: Path, colour: tuple[int, ...]) -> None:
    drawn = covers.draw_cover(Picture(make_plain(300, 300, colour), "image/png"), 128, Copies(tmp_path / "c", 10**6))
    assert drawn is not None
    seen = look_at(drawn.content)[64, 64].astype(int)
    assert seen[3] == (*colour, 255)[3]
    assert abs(seen[:3] - colour[:3]).max() < 12 or not seen[3]


@pytest.mark.parametrize(
    ("orientation", "red", "green"),
    [
        (1, (0, 0), (0, -1)),
        (2, (0, -1), (0, 0)),
        (3, (-1, -1), (-1, 0)),
        (4, (-1, 0), (-1, -1)),
        (5, (0, 0), (-1, 0)),
        (6, (0, -1), (-1, -1)),
        (7, (-1, -1), (0, -1)),
        (8, (-1, 0), (0, 0)),
    ],
)
def test_photograph_is_turned_upright(
    tmp_path: Path, orientation: int, red: tuple[int, int], green: tuple[int, int]
) -> None:
    turned = Picture(make_turned(orientation), "image/jpeg")
    drawn = covers.draw_cover(turned, 128, Copies(tmp_path / "covers", 10**6))
    assert drawn is not None
    seen = look_at(drawn.content).astype(int)
    assert seen.shape[:2] == ((85, 128) if orientation < 5 else (128, 85))
    assert seen[red][0] > 200 > 60 > seen[red][1]
    assert seen[green][1] > 150 > 60 > seen[green][0]


def test_clear_colour_of_a_palette_stays_clear(tmp_path: Path) -> None:
    for alpha in (0, 255):
        picture = Picture(make_palette((200, 30, 40, alpha)), "image/png")
        drawn = covers.draw_cover(picture, 128, Copies(tmp_path / "covers", 10**6))
        assert drawn is not None
        assert look_at(drawn.content)[0, 0, 3] == alpha


def test_gif_is_drawn_by_its_first_picture(tmp_path: Path) -> None:
    gif = bytes.fromhex("47494638396101000100800000ff0000ffffff2c00000000010001000002024401003b")
    drawn = covers.draw_cover(Picture(gif, "image/gif"), 128, Copies(tmp_path / "covers", 10**6))
    assert drawn is not None
    assert abs(look_at(drawn.content)[0, 0].astype(int) - (255, 0, 0, 255)).max() < 12


def test_sizes_have_tags_of_their_own_and_are_kept_for_a_week(store: Store, listener: Browser, library: Path) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(200, 200))
    small, large = ask(listener, track_id, 128), ask(listener, track_id, 512)
    whole = listener.get(f"/tracks/{track_id}/picture")
    assert len({answer.headers["ETag"] for answer in (small, large, whole)}) == 3
    assert small.headers["Cache-Control"] == "private, max-age=604800"
    assert ask(listener, track_id, 128, small.headers["ETag"]).status_code == 304
    assert ask(listener, track_id, 512, small.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("size", ["", "0", "64", "1000000", "512.0", "a"])
def test_pictures_are_drawn_in_no_other_size(store: Store, listener: Browser, size: str) -> None:
    track_id = seed_track(store, Tags("Title"))
    assert ask(listener, track_id, size).status_code == 404


def test_album_with_one_picture_is_drawn_and_kept_once(
    store: Store, listener: Browser, library: Path, settings: Settings, drawings: list[Any]
) -> None:
    content = make_picture(300, 300)
    ids = [seed_file(store, library, f"{number}.flac") for number in range(3)]
    for number in range(3):
        embed(library / f"{number}.flac", content)
    answers = [ask(listener, track_id, size_px) for track_id in ids for size_px in (128, 512)]
    assert len(drawings) == 1, "both sizes at once, for all tracks"
    assert len({answer.data for answer in answers}) == 2
    assert len([*settings.covers.folder.glob("??/*")]) == 2


def test_another_picture_is_drawn_anew(store: Store, listener: Browser, library: Path) -> None:
    first = ask(listener, seed_covered(store, library, "a.flac", make_picture(90, 90)), 128)
    second = ask(listener, seed_covered(store, library, "b.flac", make_picture(90, 90, seed=1)), 128)
    assert first.data != second.data


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: make_bomb(7_000), id="too many pixels"),
        pytest.param(lambda: make_picture(300, 300, "png")[:-50_000], id="cut off"),
        pytest.param(lambda: JPEG, id="no picture"),
        pytest.param(lambda: b"GIF89a", id="nothing"),
        pytest.param(lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L" + b"\xff" * 99, id="nonsense"),
    ],
)
def test_what_cannot_be_drawn_gives_the_soundprint_and_is_not_tried_again(
    store: Store, listener: Browser, library: Path, drawings: list[Any], content: Any
) -> None:
    track_id = seed_covered(store, library, "a.flac", content())
    for size_px in (128, 512, 128):
        answer = ask(listener, track_id, size_px)
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert len(drawings) == 1


def test_drawing_that_comes_to_no_end_is_left_for_a_while(
    store: Store, listener: Browser, library: Path, drawings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(300, 300))
    now = 0
    monkeypatch.setattr(covers, "_this_while", lambda: str(now).encode())
    with monkeypatch.context() as hurried:
        hurried.setattr(covers, "_LIMIT_S", 0.001)
        answer = ask(listener, track_id, 128)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/svg+xml", "private, max-age=10")
    assert ask(listener, track_id, 512).mimetype == "image/svg+xml"
    assert len(drawings) == 1
    now += 1
    assert ask(listener, track_id, 128).mimetype == "image/webp"


def test_picture_that_cannot_be_drawn_hides_none_behind_it(store: Store, listener: Browser, library: Path) -> None:
    track_id = seed_covered(store, library, "a.flac", JPEG)
    (library / "cover.jpg").write_bytes(make_picture(300, 300))
    assert [ask(listener, track_id, size_px).mimetype for size_px in (128, 128, 512)] == ["image/webp"] * 3


def test_picture_whose_drawing_comes_to_no_end_hides_none_behind_it(
    store: Store, listener: Browser, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track_id = seed_covered(store, library, "a.flac", first := make_picture(300, 300))
    (library / "cover.jpg").write_bytes(make_picture(300, 300, seed=1))
    draw = covers._draw

    def draw_others(picture: Picture) -> dict[int, bytes]:
        if picture.content == first:
            raise UndrawnError("It takes too long.")
        return draw(picture)

    monkeypatch.setattr(covers, "_draw", draw_others)
    assert [ask(listener, track_id, size_px).mimetype for size_px in (128, 128, 512)] == ["image/webp"] * 3


def test_cover_of_which_a_power_cut_left_nothing_is_drawn_again(
    store: Store, listener: Browser, library: Path, settings: Settings, drawings: list[Any]
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(300, 300))
    first = ask(listener, track_id, 128)
    for kept in settings.covers.folder.glob("??/*"):
        kept.write_bytes(bytes(kept.stat().st_size))
    assert ask(listener, track_id, 128).data == first.data
    assert len(drawings) == 2


def test_notes_of_what_cannot_be_drawn_are_counted_and_do_not_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Copies(tmp_path / "covers", 10**6)
    assert covers.draw_cover(Picture(JPEG, "image/jpeg"), 128, kept) is None
    assert {path.stat().st_size for path in kept.folder.glob("??/*")} == {4096}
    monkeypatch.setattr(covers, "_LIMIT_S", 0.001)
    for moment in (1, 2, 3):
        monkeypatch.setattr(covers, "_this_while", lambda moment=moment: str(moment).encode())
        with pytest.raises(UndrawnError):
            covers.draw_cover(Picture(make_picture(90, 90), "image/jpeg"), 128, kept)
    assert len([*kept.folder.glob("??/*")]) == 3, "two sizes of the first, and the last failure of the second"


def test_few_requests_wait_for_drawings_while_others_are_told_to_ask_again(
    store: Store, listener: Browser, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(300, 300))
    with monkeypatch.context() as busy:
        busy.setattr(covers, "_WAITING", threading.BoundedSemaphore(1))
        covers._WAITING.acquire()
        assert_busy(ask(listener, track_id, 128))
    assert ask(listener, track_id, 128).mimetype == "image/webp"


def test_page_waits_for_other_drawings_no_longer_than_a_moment(
    store: Store, listener: Browser, library: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = make_picture(300, 300)
    track_id = seed_covered(store, library, "a.flac", content)
    monkeypatch.setattr(covers, "_PATIENCE_S", 0.05)
    with covers._turn(settings.covers, covers.hashlib.sha256(content).hexdigest()):
        assert_busy(ask(listener, track_id, 128))
    assert ask(listener, track_id, 128).mimetype == "image/webp"


def assert_busy(answer: TestResponse) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "text/plain", "browsers show a picture whatever its status is, and ask for it no more"


def test_soundprint_stands_in_for_a_moment_while_the_library_is_away(
    store: Store, listener: Browser, library: Path
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(300, 300))
    library.rename(away := library.with_name("away"))
    for size in ("?size=128", "?size=512", ""):
        answer = listener.get(f"/tracks/{track_id}/picture{size}")
        assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/svg+xml", "private, max-age=10")
    away.rename(library)
    assert ask(listener, track_id, 128).mimetype == "image/webp"


def test_pages_have_pictures_where_no_cover_can_be_kept(
    store: Store, listener: Browser, library: Path, settings: Settings, tmp_path: Path
) -> None:
    track_id = seed_covered(store, library, "a.flac", content := make_picture(300, 300))
    settings.covers.folder.write_text("This is no folder.")
    assert ask(listener, track_id, 128).mimetype == "image/svg+xml"
    tiny = Copies(tmp_path / "tiny", 10)
    assert covers.draw_cover(Picture(content, "image/jpeg"), 128, tiny) is not None
    assert not [*tiny.folder.glob("??/*")]


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that were opened for their pictures."""
    opened: list[bytes] = []

    def watch(file: LibraryPath, *rest: Any) -> Any:
        opened.append(file.path)
        return open_start(file, *rest)

    monkeypatch.setattr(artwork, "open_start", watch)
    return opened


def test_file_whose_cover_is_known_is_not_opened_again(
    store: Store, listener: Browser, library: Path, settings: Settings, openings: list[bytes]
) -> None:
    track_id = seed_covered(store, library, "a.flac", make_picture(300, 300))
    ask(listener, track_id, 128)
    openings.clear()
    assert [ask(listener, track_id, size_px).mimetype for size_px in (128, 512)] == ["image/webp"] * 2
    assert openings == []
    shutil.rmtree(settings.covers.folder)
    assert ask(listener, track_id, 128).mimetype == "image/webp", "drawn again where it was swept away"


def test_other_picture_in_the_folder_is_seen_though_the_old_one_is_known(
    store: Store, listener: Browser, library: Path
) -> None:
    track_id = seed_file(store, library, "a.flac")
    location = library / "cover.jpg"
    location.write_bytes(make_picture(300, 300))
    first = ask(listener, track_id, 128)
    location.write_bytes(make_picture(300, 300, seed=1))
    later = time.time_ns() + 10**9
    os.utime(location, ns=(later, later))
    second = ask(listener, track_id, 128, first.headers["ETag"])
    assert (second.status_code, second.data == first.data) == (200, False)


def test_that_there_is_no_cover_is_not_remembered(
    store: Store, listener: Browser, library: Path, openings: list[bytes]
) -> None:
    track_id = seed_file(store, library, "a.flac")
    content = (library / "a.flac").read_bytes()
    (library / "a.flac").unlink()
    seed_model(store, [track_id])
    hear(store, [track_id])
    assert ask(listener, track_id, 128).mimetype == "image/svg+xml"
    assert openings == [b"a.flac"], "looked for once"
    (library / "a.flac").write_bytes(content)
    embed(library / "a.flac", make_picture(300, 300))
    assert ask(listener, track_id, 128).mimetype == "image/webp"
