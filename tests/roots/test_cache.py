"""Local copies: never more than allowed, never a part of one, and safe between processes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import multiprocessing
import os
import random
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import pytest

from earwise.errors import UnreadableFileError
from earwise.root import Copies
from earwise.roots import cache
from earwise.roots.cache import cached_copy


def key_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def use(copies: Copies, content: bytes, fetched: list[bytes] | None = None) -> bytes:
    """Bring or use a copy; what was read."""

    def fetch(to: BinaryIO) -> None:
        to.write(content)
        if fetched is not None:
            fetched.append(content)

    with cached_copy(copies, key_of(content), len(content), fetch) as location:
        return Path(os.fsdecode(location)).read_bytes()


def sizes(copies: Copies) -> list[int]:
    found = []
    for path in copies.folder.glob("??/*"):
        with contextlib.suppress(FileNotFoundError):
            found.append(path.stat().st_size)
    return found


def test_copy_is_fetched_once(copies: Copies) -> None:
    fetched: list[bytes] = []
    assert [use(copies, b"a tune", fetched) for _ in range(3)] == [b"a tune"] * 3
    assert fetched == [b"a tune"]


def test_copies_used_last_stay_and_the_limit_holds(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 10_000)
    contents = [bytes([number]) * 1000 for number in range(30)]
    fetched: list[bytes] = []
    for content in contents:
        use(copies, content, fetched)
        use(copies, contents[0], fetched)
        assert sum(sizes(copies)) <= 10_000
        time.sleep(0.002)  # times of use differ
    assert fetched == contents, "the copy that was always in use was fetched again"


def test_copy_in_use_is_not_removed(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 3_000)
    with cached_copy(copies, key_of(b"held"), 4, lambda to: bool(to.write(b"held")) and None) as location:
        for number in range(20):
            use(copies, bytes([number]) * 1000)
        assert Path(os.fsdecode(location)).read_bytes() == b"held"
    assert sum(sizes(copies)) <= 3_000


def test_copy_that_two_bring_at_once_stays_while_either_uses_it(tmp_path: Path) -> None:
    copies, content = Copies(tmp_path, 3_000), b"twice" * 100
    key = key_of(content)
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:

        def fetch(to: BinaryIO) -> None:
            to.write(content)

        def fetch_slowly(to: BinaryIO) -> None:
            used.append(first.enter_context(cached_copy(copies, key, len(content), fetch)))
            to.write(content)

        used: list[bytes] = []
        used.append(second.enter_context(cached_copy(copies, key, len(content), fetch_slowly)))
        second.close()
        for number in range(20):
            use(copies, bytes([number]) * 1000)
        assert [Path(os.fsdecode(location)).read_bytes() for location in used] == [content] * 2
    assert not list(tmp_path.glob("??/*.part"))


def test_content_that_is_larger_than_all_copies_may_be_is_not_fetched(tmp_path: Path) -> None:
    copies, fetched = Copies(tmp_path, 3_000), list[bytes]()
    use(copies, b"kept")
    with pytest.raises(UnreadableFileError, match="EARWISE_COPIES_GB") as raised:
        use(copies, b"x" * 3_001, fetched)
    assert (raised.value.code, fetched, sizes(copies)) == ("too_large", [], [4])


def test_copies_make_room_on_a_full_disk_and_what_finds_none_is_not_fetched(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_free_bytes", lambda folder: 2_000 - sum(sizes(copies)))
    fetched: list[bytes] = []
    for number in range(3):
        use(copies, bytes([number]) * 900, fetched)
        time.sleep(0.002)  # times of use differ
    assert sizes(copies) == [900, 900]
    with pytest.raises(UnreadableFileError, match="no room for it") as raised:
        use(copies, b"x" * 2_001, fetched)
    assert (raised.value.code, len(fetched), sizes(copies)) == ("unreadable", 3, [900, 900])


def _hold(folder: str, letter: bytes, talk: Connection) -> None:
    """Hold a copy of 600 bytes where there is room for 1,000, until told to let it go."""
    copies, content = Copies(Path(folder), 1_000, wait_s=100.0), letter * 600
    sleep = time.sleep

    def wait(seconds: float) -> None:
        talk.send("waits")
        sleep(seconds)

    cache.time = SimpleNamespace(monotonic=time.monotonic, time_ns=time.time_ns, sleep=wait)  # type: ignore[assignment]

    def fetch(to: BinaryIO) -> None:
        talk.send(f"fetches, {sum(sizes(copies))} bytes in all")
        to.write(content)

    with cached_copy(copies, key_of(content), 600, fetch) as location:
        assert Path(os.fsdecode(location)).read_bytes() == content
        talk.send("holds")
        talk.recv()


def test_whoever_finds_all_room_taken_by_copies_in_use_waits_for_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(2)]
    first, second = (ours for ours, _ in ends)
    holders = [
        context.Process(target=_hold, args=(str(tmp_path), letter, theirs))
        for letter, (_, theirs) in zip((b"a", b"b"), ends, strict=True)
    ]
    try:
        holders[0].start()
        assert [first.recv() for _ in range(2)] == ["fetches, 600 bytes in all", "holds"]
        holders[1].start()
        assert second.recv() == "waits"
        assert sizes(Copies(tmp_path, 0)) == [600]
        first.send("let it go")
        while (news := second.recv()) == "waits":
            pass
        assert news == "fetches, 600 bytes in all"
        assert second.recv() == "holds"
        second.send("let it go")
    finally:
        for holder in holders:
            if holder.pid is not None:
                holder.join(30)
                holder.kill()
    assert [holder.exitcode for holder in holders] == [0, 0]


def test_copy_that_found_no_room_for_long_is_tried_again_later(tmp_path: Path) -> None:
    copies, fetched = Copies(tmp_path, 1_000, wait_s=0.0), list[bytes]()
    with cached_copy(copies, key_of(b"held"), 600, lambda to: bool(to.write(b"h" * 600)) and None):
        with pytest.raises(UnreadableFileError, match="Copies in use") as raised:
            use(copies, b"x" * 600, fetched)
        assert (raised.value.code, fetched, sizes(copies)) == ("unreadable", [], [600])
        cache.check_room(copies, 600)
    assert use(copies, b"x" * 600, fetched) == b"x" * 600
    assert sizes(copies) == [600]


def test_room_is_taken_from_the_beginning_of_a_download(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 1_000, wait_s=0.0)

    def fetch(to: BinaryIO) -> None:
        with pytest.raises(UnreadableFileError, match="Copies in use"):
            use(copies, b"x" * 600)
        to.write(b"y" * 600)

    with cached_copy(copies, key_of(b"y"), 600, fetch):
        assert sizes(copies) == [600]


def test_broken_off_download_leaves_nothing(copies: Copies) -> None:
    def break_off(to: BinaryIO) -> None:
        to.write(b"half a tu")
        raise UnreadableFileError("The line is dead.")

    with pytest.raises(UnreadableFileError, match="line is dead"), cached_copy(copies, "abc", 9, break_off):
        pass
    assert sizes(copies) == []


def test_short_download_is_refused(copies: Copies) -> None:
    with (
        pytest.raises(UnreadableFileError, match="Only 4 of 9 bytes"),
        cached_copy(copies, "abc", 9, lambda to: bool(to.write(b"half")) and None),
    ):
        pass
    assert sizes(copies) == []


def test_unwritable_folder_is_the_files_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UnreadableFileError, match="No local copy could be written"):
        use(Copies(tmp_path / "taken", 1000), b"a tune")


def test_killed_download_is_never_taken_for_whole_and_is_swept(copies: Copies) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from earwise.settings import Copies;"
        "from earwise.roots.cache import cached_copy\n"
        "def fetch(to):\n"
        "    to.write(b'half'); to.flush(); print('half', flush=True); time.sleep(60)\n"
        "with cached_copy(Copies(Path(sys.argv[1]), 5000), sys.argv[2], 8, fetch): pass\n"
    )
    command = [sys.executable, "-c", script, str(copies.folder), key_of(b"a melody")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as download:
        assert download.stdout is not None
        assert download.stdout.readline() == "half\n"
        download.kill()
    (left,) = copies.folder.glob("??/*")
    assert use(Copies(copies.folder, 5000), b"a melody") == b"a melody"
    for number in range(9):
        use(Copies(copies.folder, 5000), bytes([number]) * 1000)
    assert not left.exists()


def _use_many(folder: str, seed: int, size_bytes: int, times: int) -> None:
    copies = Copies(Path(folder), size_bytes, wait_s=100.0)
    choice = random.Random(seed)
    for _ in range(times):
        content = bytes([choice.randrange(60)]) * 1000

        def fetch(to: BinaryIO, content: bytes = content) -> None:
            with (copies.folder / "size").open() as counter:  # while it is locked none come and none go
                fcntl.flock(counter, fcntl.LOCK_EX)
                assert sum(sizes(copies)) <= size_bytes
            to.write(content)

        with cached_copy(copies, key_of(content), 1000, fetch) as location:
            assert Path(os.fsdecode(location)).read_bytes() == content


@pytest.mark.parametrize(("size_bytes", "times"), [(20_000, 300), (2_500, 50)])
def test_processes_share_copies_and_each_reads_whole_ones(tmp_path: Path, size_bytes: int, times: int) -> None:
    context = multiprocessing.get_context("spawn")
    users = [context.Process(target=_use_many, args=(str(tmp_path), seed, size_bytes, times)) for seed in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join(120)
    assert [user.exitcode for user in users] == [0] * 4
    assert sum(sizes(Copies(tmp_path, 0))) <= size_bytes
    assert not list(tmp_path.glob("*/*.part"))
