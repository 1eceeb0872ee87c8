"""The web app plays what lies in archives and buckets, in ranges."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.tracks import Tags, Track, TrackFile
from tests.conftest import free_port
from tests.roots.conftest import MakeArchive
from webapp import create_app

CONTENT = random.Random(9).randbytes(5_000_000)
TRACK_ID = "0" * 32
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

Ask = Callable[..., TestResponse]


@pytest.fixture(params=["archive", "bucket"])
def root(request: pytest.FixtureRequest, make_archive: MakeArchive, s3: Any, bucket: str) -> Root:
    """A root with one file, in each kind."""
    if request.param == "archive":
        return Root("fma", make_archive({"set/000/000002.mp3": CONTENT}))
    s3.put_object(Bucket=bucket, Key="mine/000/000002.mp3", Body=CONTENT)
    return Root("fma", Path("/s3:") / bucket, f"{bucket}/mine")


@pytest.fixture
def ask(root: Root, store: Store, tmp_path: Path, s3_endpoint: str) -> Ask:
    """Asks for the track's audio as somebody who is logged in."""
    file = LibraryPath(root.name, b"000/000002.mp3")
    store.tracks.put(Track(TRACK_ID, Tags("Food"), 30.0), TrackFile(file, len(CONTENT), 1), NOW)
    settings = Settings(secret_key="k" * 32, library=(root,), home=tmp_path, s3_endpoint=s3_endpoint)
    return _client(settings, store)


def _client(settings: Settings, store: Store) -> Ask:
    app = create_app(settings, store)
    app.config["LOGIN_DISABLED"] = True
    app.before_request_funcs.clear()
    client = app.test_client()
    return lambda **headers: client.get(f"/tracks/{TRACK_ID}/audio", headers=headers)


def test_range_is_answered_with_its_part(ask: Ask) -> None:
    answer = ask(Range="bytes=4000000-")
    assert (answer.status_code, answer.mimetype) == (206, "audio/mpeg")
    assert answer.data == CONTENT[4_000_000:]
    assert answer.headers["Content-Range"] == "bytes 4000000-4999999/5000000"


def test_player_gets_the_whole_track_range_by_range(ask: Ask) -> None:
    heard = b""
    while len(heard) < len(CONTENT):
        heard += ask(Range=f"bytes={len(heard)}-").data
    assert heard == CONTENT


def test_whole_track_comes_whole(ask: Ask) -> None:
    assert ask().data == CONTENT


def test_track_that_is_here_already_is_not_sent_again(ask: Ask) -> None:
    mark = ask(Range="bytes=0-0").headers["ETag"]
    assert ask(**{"If-None-Match": mark}).status_code == 304


@pytest.mark.parametrize("root", ["archive"], indirect=True)
def test_archive_that_is_gone_is_said_to_be_away(ask: Ask, root: Root) -> None:
    root.folder.unlink()
    assert ask().status_code == 503


def test_file_that_is_gone_from_a_root_that_is_there_is_a_missing_page(ask: Ask, store: Store, root: Root) -> None:
    store.tracks.remove_file(TRACK_ID, LibraryPath(root.name, b"000/000002.mp3"), NOW)
    file = LibraryPath(root.name, b"000/gone.mp3")
    store.tracks.put(Track(TRACK_ID, Tags("Food"), 30.0), TrackFile(file, len(CONTENT), 1), NOW)
    assert ask().status_code == 404


@pytest.mark.parametrize("root", ["archive"], indirect=True)
def test_member_that_no_copy_can_be_written_of_is_not_taken_for_one_that_is_gone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "copies").write_text("This is no folder.")
    answer = ask()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    (tmp_path / "copies").unlink()
    assert ask().status_code == 200


@pytest.mark.parametrize("root", ["bucket"], indirect=True)
def test_bucket_that_is_away_is_said_to_be(ask: Ask, root: Root, store: Store, tmp_path: Path) -> None:
    settings = Settings(secret_key="k" * 32, library=(root,), home=tmp_path)
    away = dataclasses.replace(settings, s3_endpoint=f"http://127.0.0.1:{free_port()}")
    assert _client(away, store)().status_code == 503
