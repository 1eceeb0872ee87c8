"""Local copies: never more than allowed, never a part of one, and safe between processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path
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
    return [path.stat().st_size for path in copies.folder.glob("??/*")]


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
    os.utime(left, (0, 0))
    for number in range(9):
        use(Copies(copies.folder, 5000), bytes([number]) * 1000)
    assert not left.exists()


def _use_many(folder: str, seed: int) -> None:
    copies = Copies(Path(folder), 20_000)
    choice = random.Random(seed)
    for _ in range(300):
        content = bytes([choice.randrange(60)]) * 1000
        assert use(copies, content) == content


def test_processes_share_copies_and_each_reads_whole_ones(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    users = [context.Process(target=_use_many, args=(str(tmp_path), seed)) for seed in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join(120)
    assert [user.exitcode for user in users] == [0] * 4
    assert sum(sizes(Copies(tmp_path, 0))) <= 20_000
    assert not list(tmp_path.glob("*/*.part"))
