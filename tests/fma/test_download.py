"""A download comes whole and right over connections that break, or says clearly why it does not."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwise.errors import BadDownloadError, DownloadError
from earwise.fma.download import download
from earwise.fma.sets import Source
from tests.fma.conftest import sha1
from tests.fma.server import ArchiveServer, serve

SIZE = 3_000_000
CONTENT = random.Random(3).randbytes(SIZE)
OTHER = random.Random(4).randbytes(SIZE)


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with serve(ArchiveServer({"set.zip": CONTENT})) as state:
        yield state


def fetch(server: ArchiveServer, folder: Path, content: bytes = CONTENT) -> bytes:
    """Download; what came."""
    source = Source("set.zip", f"{server.url}set.zip", sha1(content))
    return download(source, folder, lambda *_: None, first_wait_s=0.001).read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_file_comes_whole_and_is_told_of(server: ArchiveServer, tmp_path: Path) -> None:
    told: list[tuple[int, int, bool]] = []
    source = Source("set.zip", f"{server.url}set.zip", sha1(CONTENT))
    assert download(source, tmp_path / "new", lambda *news: told.append(news)).read_bytes() == CONTENT
    assert told[-1] == (SIZE, SIZE, True)
    assert (SIZE, SIZE, False) in told
    assert names(tmp_path / "new") == ["set.zip", "set.zip.sha1"]


def test_file_that_is_there_is_neither_fetched_nor_read_again(server: ArchiveServer, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    told: list[object] = []
    download(Source("set.zip", f"{server.url}set.zip", sha1(CONTENT)), tmp_path, lambda *news: told.append(news))
    assert (len(server.requests), told) == (1, [])


def test_dropped_connections_are_taken_up_where_they_broke(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:1000000", "drop:0", "status:503", "drop:1500000"]
    assert fetch(server, tmp_path) == CONTENT
    first, *others = server.ranges
    assert first is None
    starts = [int(str(span).removeprefix("bytes=").rstrip("-")) for span in others]
    assert starts == sorted(starts)
    assert 0 < starts[0] <= 1_000_000
    assert starts[-1] > 1_000_000


def test_short_answers_are_followed_by_more_requests(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:500000", "short:700000", "short:1", "short:900000"]
    assert fetch(server, tmp_path) == CONTENT
    assert len(server.requests) == 5


def test_range_that_is_ignored_once_loses_nothing(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:2000000", "no-range"]
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges[1] == server.ranges[2], "asked again, from the same place"


def test_server_that_never_heeds_ranges_is_read_past_what_is_here(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:2000000", "no-range", "no-range", "no-range", "no-range"]
    assert fetch(server, tmp_path) == CONTENT
    assert len(server.requests) == 4


@pytest.mark.parametrize("fault", ["new-version", "unfair-new-version"])
def test_version_that_changes_between_parts_is_fetched_whole(server: ArchiveServer, tmp_path: Path, fault: str) -> None:
    server.faults, server.next_content = ["drop:2000000", fault], OTHER
    assert fetch(server, tmp_path, OTHER) == OTHER


@pytest.mark.parametrize("fault", ["page", "stray-version", "status:416"])
def test_one_odd_answer_costs_nothing_of_what_is_here(server: ArchiveServer, tmp_path: Path, fault: str) -> None:
    server.faults, server.next_content = ["drop:2000000", fault], OTHER
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges[1:] == [server.ranges[1]] * 2, "asked again, from the same place"
    assert server.ranges[1] is not None


def test_page_in_place_of_the_file_is_worth_a_retry(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["page"] * 20
    with pytest.raises(DownloadError, match="a page of text") as raised:
        fetch(server, tmp_path)
    assert not isinstance(raised.value, BadDownloadError)


def test_server_without_marks_of_versions_is_resumed_too(server: ArchiveServer, tmp_path: Path) -> None:
    server.has_marks, server.faults = False, ["drop:2000000"]
    assert fetch(server, tmp_path) == CONTENT


def test_corrupt_archive_is_refused_and_not_kept(server: ArchiveServer, tmp_path: Path) -> None:
    server.contents["set.zip"] = OTHER
    with pytest.raises(BadDownloadError, match=rf"SHA-1 {sha1(OTHER)}, not {sha1(CONTENT)}.*trigger load_fma again"):
        fetch(server, tmp_path)
    assert (tmp_path / "set.zip.part").stat().st_size == 0
    assert names(tmp_path) == ["set.zip.part"]
    server.contents["set.zip"] = CONTENT
    assert fetch(server, tmp_path) == CONTENT


def test_server_that_stays_away_is_given_up_and_what_came_is_kept(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:2000000", *["drop:0"] * 20]
    with pytest.raises(DownloadError, match="again and again") as raised:
        fetch(server, tmp_path)
    assert not isinstance(raised.value, BadDownloadError), "worth a retry"
    kept = (tmp_path / "set.zip.part").stat().st_size
    assert kept > 1_000_000
    server.faults, server.requests = [], []
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [f"bytes={kept}-"]


def test_refusal_is_final_and_says_so(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["status:403"]
    with pytest.raises(BadDownloadError, match="answered 403 Forbidden"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1


def test_full_disk_is_said_before_anything_is_written(
    server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 50_000_000))
    with pytest.raises(BadDownloadError, match=r"0\.1 GB free.*EARWISE_FMA_FOLDER"):
        fetch(server, tmp_path)


def test_file_that_somebody_put_there_is_checked_and_not_removed(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(CONTENT)
    assert fetch(server, tmp_path) == CONTENT
    (tmp_path / "set.zip").write_bytes(OTHER)
    with pytest.raises(BadDownloadError, match="Remove it to have it downloaded"):
        fetch(server, tmp_path)
    assert (tmp_path / "set.zip").read_bytes() == OTHER
    assert server.requests == []


def test_part_without_a_note_is_not_trusted(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(OTHER[:1000])
    assert fetch(server, tmp_path) == CONTENT
    assert server.ranges == [None]


def test_part_that_is_longer_than_the_file_is_dropped(server: ArchiveServer, tmp_path: Path) -> None:
    server.faults = ["drop:2000000", *["drop:0"] * 20]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)
    server.faults, server.contents["set.zip"] = [], CONTENT[:1000]
    assert fetch(server, tmp_path, CONTENT[:1000]) == CONTENT[:1000]


_PROGRAM = """
import sys
from pathlib import Path
from earwise.fma.download import download
from earwise.fma.sets import Source
url, digest, folder = sys.argv[1:]
download(Source("set.zip", url, digest), Path(folder), lambda *news: print(*news, flush=True), first_wait_s=0.01)
"""


def test_killed_at_any_moment_the_next_start_goes_on(server: ArchiveServer, tmp_path: Path) -> None:
    content = random.Random(5).randbytes(40_000_000)
    server.contents["set.zip"] = content
    command = [sys.executable, "-c", _PROGRAM, f"{server.url}set.zip", sha1(content), str(tmp_path)]
    chance = random.Random(6)
    for _ in range(4):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
    assert fetch(server, tmp_path, content) == content
    starts = [int(span.removeprefix("bytes=").rstrip("-")) for span in server.ranges if span]
    assert starts == sorted(starts)
    assert names(tmp_path) == ["set.zip", "set.zip.sha1"]


def test_two_at_once_do_not_write_into_each_other(server: ArchiveServer, tmp_path: Path) -> None:
    def fetch_again(*_: object) -> None:
        with pytest.raises(DownloadError, match="Another process"):
            fetch(server, tmp_path)

    source = Source("set.zip", f"{server.url}set.zip", sha1(CONTENT))
    assert download(source, tmp_path, fetch_again).read_bytes() == CONTENT
