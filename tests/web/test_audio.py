"""Streaming: ranges, conditions, and only the library's own files."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from earwise.store import Store
from earwise.store.tracks import Tags
from tests.audio import write_audio
from tests.web.conftest import Browser
from tests.web.seeding import seed_audio, seed_track

CONTENT = random.Random(7).randbytes(100_000)


@pytest.fixture
def address(store: Store, library: Path) -> str:
    return f"/tracks/{seed_audio(store, library, 'a.mp3', CONTENT)}/audio"


def test_whole_file_comes_with_type_and_length(listener: Browser, address: str) -> None:
    answer = listener.get(address)
    assert answer.status_code == 200
    assert answer.data == CONTENT
    assert answer.content_length == len(CONTENT)
    assert answer.mimetype == "audio/mpeg"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("wanted", "begin", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=500-", 500, 100_000),
        ("bytes=-10", 99_990, 100_000),
        ("bytes=-999999", 0, 100_000),
        ("bytes=99999-200000", 99_999, 100_000),
    ],
)
def test_range_is_answered_with_its_part(listener: Browser, address: str, wanted: str, begin: int, end: int) -> None:
    answer = listener.get(address, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.data == CONTENT[begin:end]
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/100000"
    assert answer.content_length == end - begin


def test_range_beyond_the_end_is_refused(listener: Browser, address: str) -> None:
    answer = listener.get(address, headers={"Range": "bytes=100000-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */100000"


@pytest.mark.parametrize(
    "wanted", ["lines=1-2", "bytes=a-b", "bytes=5-1", "bytes=", "bytes=0-1,5-6", f"bytes={'9' * 5000}-", "nonsense"]
)
def test_range_that_makes_no_sense_or_is_not_one_gives_the_whole_file(
    listener: Browser, address: str, wanted: str
) -> None:
    answer = listener.get(address, headers={"Range": wanted})
    assert answer.status_code == 200
    assert answer.data == CONTENT


def test_open_range_is_answered_in_parts_of_2_mib(store: Store, library: Path, listener: Browser) -> None:
    large = bytes(5 * 1024 * 1024)
    address = f"/tracks/{seed_audio(store, library, 'large.flac', large)}/audio"
    answer = listener.get(address, headers={"Range": "bytes=0-"})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes 0-{2 * 1024 * 1024 - 1}/{len(large)}"
    closed = listener.get(address, headers={"Range": "bytes=7-4194303"})
    assert closed.headers["Content-Range"] == f"bytes 7-{2 * 1024 * 1024 + 6}/{len(large)}"
    end = listener.get(address, headers={"Range": "bytes=-4194304"})
    assert end.status_code == 206
    assert len(end.data) <= 2 * 1024 * 1024
    last = listener.get(address, headers={"Range": "bytes=4194304-"})
    assert last.headers["Content-Range"] == f"bytes 4194304-{len(large) - 1}/{len(large)}"


def test_unchanged_file_is_not_sent_again(listener: Browser, address: str, library: Path) -> None:
    tag = listener.get(address).headers["ETag"]
    again = listener.get(address, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    (library / "a.mp3").write_bytes(CONTENT[:-1])
    assert listener.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_range_of_a_file_that_changed_gives_the_new_file_whole(listener: Browser, address: str) -> None:
    answer = listener.get(address, headers={"Range": "bytes=5-9", "If-Range": '"another"'})
    assert answer.status_code == 200
    assert answer.data == CONTENT


def test_head_tells_length_without_content(listener: Browser, address: str) -> None:
    answer = listener.client.head(address, buffered=True)
    assert answer.status_code == 200
    assert answer.content_length == len(CONTENT)
    assert answer.data == b""


@pytest.mark.parametrize(
    ("name", "mimetype"),
    [("a.FLAC", "audio/flac"), ("a.ogg", "audio/ogg"), ("a.opus", "audio/ogg"), ("a.MP3", "audio/mpeg")],
)
def test_type_follows_the_files_name(store: Store, library: Path, listener: Browser, name: str, mimetype: str) -> None:
    answer = listener.get(f"/tracks/{seed_audio(store, library, name, CONTENT)}/audio")
    assert answer.mimetype == mimetype


@pytest.mark.parametrize("name", ["a.html", "none", "a.svg"])
def test_audio_by_another_name_is_never_of_a_type_that_browsers_run(
    store: Store, library: Path, listener: Browser, name: str
) -> None:
    content = Path(os.fsdecode(write_audio(library / "a.mp3"))).read_bytes()
    answer = listener.get(f"/tracks/{seed_audio(store, library, name, content)}/audio")
    assert answer.mimetype == "application/octet-stream"
    assert answer.data == content


def test_file_whose_name_is_not_utf8_plays(store: Store, library: Path, listener: Browser) -> None:
    path = b"caf\xe9 \xff.mp3"
    Path(os.fsdecode(os.fsencode(library) + b"/" + path)).write_bytes(CONTENT)
    found = seed_track(store, Tags("Café"), path=path)
    assert listener.get(f"/tracks/{found}/audio").data == CONTENT
    assert listener.get(f"/tracks/{found}/audio", headers={"Range": "bytes=1-2"}).data == CONTENT[1:3]


def test_other_copy_plays_when_one_is_gone(store: Store, library: Path, listener: Browser) -> None:
    found = seed_track(store, Tags("Twice"), path=b"gone.mp3")
    (library / "copy.ogg").write_bytes(CONTENT)
    assert seed_track(store, Tags("Twice"), path=b"copy.ogg") == found
    answer = listener.get(f"/tracks/{found}/audio")
    assert answer.data == CONTENT
    assert answer.mimetype == "audio/ogg"


@pytest.mark.parametrize(
    "path", [b"../secret.txt", b"/etc/passwd", b"sub/../../secret.txt", b"link.mp3", b"folder", b"", b"a\0b"]
)
def test_nothing_outside_the_library_is_ever_served(
    store: Store, library: Path, listener: Browser, path: bytes
) -> None:
    (library.parent / "secret.txt").write_bytes(b"secret")
    (library / "link.mp3").symlink_to(library.parent / "secret.txt")
    (library / "folder").mkdir()
    answer = listener.get(f"/tracks/{seed_track(store, Tags('Escape'), path=path)}/audio")
    assert answer.status_code == 404
    assert b"secret" not in answer.data


def test_pipe_in_the_library_neither_plays_nor_hangs(store: Store, library: Path, listener: Browser) -> None:
    os.mkfifo(library / "pipe.mp3")
    assert listener.get(f"/tracks/{seed_track(store, Tags('Pipe'), path=b'pipe.mp3')}/audio").status_code == 404


@pytest.mark.parametrize("path", ["/tracks/../audio", "/tracks/%2e%2e%2fsecret/audio", f"/tracks/{'A' * 32}/audio"])
def test_address_that_is_no_track_id_is_not_found(listener: Browser, path: str) -> None:
    assert listener.get(path).status_code == 404


def test_file_of_the_library_that_is_no_track_is_not_served(library: Path, listener: Browser) -> None:
    (library / "private.mp3").write_bytes(CONTENT)
    assert listener.get("/tracks/private.mp3/audio").status_code == 404
    assert listener.get(f"/tracks/{'0' * 32}/audio").status_code == 404


def test_track_on_a_disk_that_is_away_is_not_taken_for_one_that_is_gone(
    library: Path, listener: Browser, address: str
) -> None:
    library.rename(library.with_name("away"))
    for folder_there in (False, True):
        if folder_there:
            library.mkdir()
        answer = listener.get(address, headers={"Accept": "application/json"})
        assert answer.status_code == 503
        assert "can't be reached just now" in answer.json["detail"]
        assert str(library) not in answer.text
        # When it is back nobody knows: the player stops, and waits for its listener.
        assert "Retry-After" not in answer.headers
    library.rmdir()
    library.with_name("away").rename(library)
    assert listener.get(address).status_code == 200


def test_missing_audio_is_told_in_the_form_that_was_asked_for(store: Store, listener: Browser) -> None:
    address = f"/tracks/{seed_track(store, Tags('Gone'), path=b'gone.mp3')}/audio"
    assert "Nothing here" in listener.get(address, headers={"Accept": "text/html"}).text
    assert listener.get(address, headers={"Accept": "application/json"}).json["status"] == 404
