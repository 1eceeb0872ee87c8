"""Covers, sound-prints, and why two tracks sound alike."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import numpy as np
import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.oggvorbis import OggVorbis
from werkzeug.test import TestResponse

from earwise.playback.artwork import MOST_BYTES
from earwise.store import Store
from earwise.store.features import TrackFeatures
from earwise.store.tracks import Tags
from tests.audio import make_tone, write_audio
from tests.web.conftest import Browser
from tests.web.seeding import NOW, seed_model, seed_track, seed_tracks

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


def seed_file(store: Store, library: Path, name: str) -> str:
    write_audio(library / name, make_tone(1.0))
    return seed_track(store, Tags(name), path=name.encode())


def flac_picture(content: bytes) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "text/html", content
    return picture


def embed(location: Path, content: bytes) -> None:
    if location.suffix == ".mp3":
        tags = ID3()
        tags.add(APIC(mime="text/html", type=3, data=content))
        tags.save(location)
    elif location.suffix == ".flac":
        audio = FLAC(location)
        audio.add_picture(flac_picture(content))
        audio.save()
    else:
        ogg = OggVorbis(location)
        ogg["metadata_block_picture"] = [base64.b64encode(flac_picture(content).write()).decode()]
        ogg.save()


def hear(store: Store, ids: list[str]) -> None:
    for number, track_id in enumerate(ids):
        vector = np.linspace(-50 + number, 50, 60).astype(np.float32)
        store.features.put(TrackFeatures(track_id, "v1", vector, "test"), NOW)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg"])
@pytest.mark.parametrize(("content", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png")])
def test_embedded_cover_is_served_with_the_type_of_its_content(
    store: Store, listener: Browser, library: Path, name: str, content: bytes, kind: str
) -> None:
    track_id = seed_file(store, library, name)
    embed(library / name, content)
    answer = listener.get(f"/tracks/{track_id}/picture")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, kind, content)
    again = listener.get(f"/tracks/{track_id}/picture", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "max-age=604800" in again.headers["Cache-Control"]


def test_folder_image_is_taken_where_the_file_has_none(store: Store, listener: Browser, library: Path) -> None:
    track_id = seed_file(store, library, "a.flac")
    (library / "cover.jpg").write_bytes(JPEG)
    assert listener.get(f"/tracks/{track_id}/picture").data == JPEG


def test_cover_that_comes_later_takes_the_place_of_what_a_browser_has(
    store: Store, listener: Browser, library: Path
) -> None:
    (library / "von").mkdir()
    track_id = seed_file(store, library, "von/a.flac")
    seed_model(store, [track_id])
    hear(store, [track_id])
    path = f"/tracks/{track_id}/picture"
    first = listener.get(path)
    assert first.mimetype == "image/svg+xml"
    assert asked_again(listener, path, first).status_code == 304
    (library / "von" / "cover.jpg").write_bytes(JPEG)
    cover = asked_again(listener, path, first)
    assert (cover.status_code, cover.data) == (200, JPEG)
    assert asked_again(listener, path, cover).status_code == 304
    (library / "von" / "cover.jpg").write_bytes(JPEG + b"another")
    later = time.time_ns() + 10**9
    os.utime(library / "von" / "cover.jpg", ns=(later, later))
    assert asked_again(listener, path, cover).data == JPEG + b"another"


def test_soundprint_of_another_way_of_listening_takes_the_place_of_the_old_one(store: Store, listener: Browser) -> None:
    ids = seed_tracks(store, 2)
    seed_model(store, ids)
    hear(store, ids)
    path = f"/tracks/{ids[0]}/sound-print"
    first = listener.get(path)
    assert asked_again(listener, path, first).status_code == 304
    store.features.remove(ids, "v1")
    hear(store, ids[::-1])
    assert asked_again(listener, path, first).status_code == 200


def asked_again(listener: Browser, path: str, answer: TestResponse) -> TestResponse:
    """What a browser gets that shows the answer that it has."""
    return listener.get(path, headers={"If-None-Match": answer.headers["ETag"]})


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"", JPEG + b"\0" * MOST_BYTES])
def test_what_is_no_picture_or_too_large_gives_the_soundprint(
    store: Store, listener: Browser, library: Path, content: bytes
) -> None:
    track_id = seed_file(store, library, "a.mp3")
    embed(library / "a.mp3", content)
    (library / "folder.jpg").write_bytes(content)
    seed_model(store, [track_id])
    hear(store, [track_id])
    answer = listener.get(f"/tracks/{track_id}/picture")
    assert answer.mimetype == "image/svg+xml"
    assert b"onload" not in answer.data


def test_broken_files_and_links_out_of_the_library_give_no_picture(
    store: Store, listener: Browser, library: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    (library / "cover.jpg").symlink_to(tmp_path / "secret.jpg")
    for number, content in enumerate((b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fAPIC", b"fLaC" + b"\xff" * 99, b"OggS")):
        (library / f"{number}.mp3").write_bytes(content)
        track_id = seed_track(store, Tags(f"Broken {number}"), path=b"%d.mp3" % number)
        answer = listener.get(f"/tracks/{track_id}/picture")
        assert answer.status_code == 302
        assert answer.location.endswith("artwork.png")


def test_soundprint_is_the_same_each_time_and_another_for_another_sound(store: Store, listener: Browser) -> None:
    ids = seed_tracks(store, 2)
    seed_model(store, ids)
    hear(store, ids)
    prints = [listener.get(f"/tracks/{track_id}/sound-print").data for track_id in (*ids, ids[0])]
    assert prints[0] == prints[2] != prints[1]


def test_why_says_what_is_shared_and_never_more_than_is_known(store: Store, listener: Browser) -> None:
    ids = seed_tracks(store, 4)
    seed_model(store, ids)
    assert "is not at hand" in listener.get(f"/tracks/{ids[0]}/why/{ids[1]}").text
    hear(store, ids)
    page = listener.get(f"/tracks/{ids[0]}/why/{ids[1]}").text
    assert "What they share" in page
    assert f"/tracks/{ids[0]}/sound-print" in page
    assert f"/tracks/{ids[1]}/sound-print" in page
    assert listener.get(f"/tracks/{ids[0]}/why/{'0' * 32}").status_code == 404
