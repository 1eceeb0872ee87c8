"""The home and the library are looked at before anything starts; one ``./run`` holds a home."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from earwise.embedded.home import (
    Running,
    check_library,
    forget_running,
    hold_home,
    holder,
    prepare_home,
    read_running,
    write_running,
)
from earwise.errors import ConfigError
from earwise.root import Root, parse_library

HOLD = """
import sys
from pathlib import Path
from earwise.embedded.home import hold_home
with hold_home(Path(sys.argv[1])) as is_held:
    print(is_held, flush=True)
    sys.stdin.read()
"""


def test_home_is_made_and_is_private(tmp_path: Path) -> None:
    prepare_home(tmp_path / "a" / "home")
    assert (tmp_path / "a" / "home").stat().st_mode & 0o777 == 0o700


def test_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ConfigError, match=r"EARWISE_HOME is .* not a folder"):
        prepare_home(tmp_path / "home")


def test_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 3_000_000))
    with pytest.raises(ConfigError, match="only 3 MB left"):
        prepare_home(tmp_path)


def test_second_run_sees_that_the_home_is_held_and_by_whom(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"True\n"
        assert holder(tmp_path) == first.pid
        with hold_home(tmp_path) as is_held:
            assert not is_held
        first.kill()
        first.wait()
    assert holder(tmp_path) is None
    with hold_home(tmp_path) as is_held:
        assert is_held


def test_other_commands_learn_how_the_stack_was_started(tmp_path: Path) -> None:
    running = Running({"EARWISE_WEB_PORT": "9000"}, ready=True)
    write_running(tmp_path, running)
    assert read_running(tmp_path) == running
    forget_running(tmp_path)
    assert read_running(tmp_path) is None


def test_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"ready":')
    assert read_running(tmp_path) is None


def test_library_with_audio_anywhere_passes(tmp_path: Path) -> None:
    (tmp_path / "music" / "caf\udce9").mkdir(parents=True)
    (tmp_path / "music" / "caf\udce9" / "A.MP3").touch()
    check_library(parse_library(str(tmp_path / "music")))


def test_library_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"EARWISE_LIBRARY names .*/absent, which is not a folder"):
        check_library((Root("music", tmp_path / "absent"),))


def test_library_without_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match="holds no audio files"):
        check_library((Root("music", tmp_path),))
