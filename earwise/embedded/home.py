"""The home: the folder of all state. Who holds it, and whether it and the library can be used."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earwise.embedded.secrets import write_private
from earwise.errors import ConfigError, LibraryError
from earwise.library.scan import AUDIO_SUFFIXES
from earwise.root import Root
from earwise.roots.opening import check_listable

_MIN_FREE_BYTES = 500_000_000


def prepare_home(home: Path) -> None:
    """Make the folder, private to its owner.

    Raises
    ------
    ConfigError
        If it can't be written to, or its disk is full.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / ".probe"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise _home_error(home, error) from error
    free = shutil.disk_usage(home).free
    if free < _MIN_FREE_BYTES:
        raise ConfigError(
            "EARWISE_HOME",
            f"is {home}, whose disk has only {free // 1_000_000} MB left: free some, or name a folder on another disk",
            "/srv/earwise",
        )


def check_library(roots: Sequence[Root]) -> None:
    """Raise unless every root of the library can be read, and some holds audio.

    Raises
    ------
    ConfigError
        Saying which folder, and what is wrong with it.
    """
    for root in roots:
        if not root.is_folder:
            _check_listable(root)
            continue
        if not root.folder.is_dir():
            raise ConfigError("EARWISE_LIBRARY", f"names {root.folder}, which is not a folder here", "/srv/music")
        if not os.access(root.folder, os.R_OK | os.X_OK):
            raise ConfigError("EARWISE_LIBRARY", f"names {root.folder}, which can't be read", "/srv/music")
    if not any(not root.is_folder or _has_audio(root.folder) for root in roots):
        folders = ", ".join(root.address for root in roots)
        raise ConfigError("EARWISE_LIBRARY", f"names {folders}, which holds no audio files", "/srv/music")


def _check_listable(root: Root) -> None:
    try:
        check_listable(root)
    except LibraryError as error:
        raise ConfigError("EARWISE_LIBRARY", f"names {root.address}. {error}", "/srv/music") from None


@contextmanager
def hold_home(home: Path) -> Iterator[bool]:
    """Hold the home's lock while the context lasts; gives False if another ``./run`` holds it."""
    with (home / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        try:
            yield True
        finally:
            lock.truncate(0)


def holder(home: Path) -> int | None:
    """Process number of the ``./run`` that holds this home."""
    try:
        with (home / "run.lock").open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read().strip() or 0) or None
    except (FileNotFoundError, ValueError):
        return None
    return None


@dataclass(frozen=True, slots=True)
class Running:
    """What a start leaves for other commands: the environment that its settings are read from, and how far it is."""

    environment: dict[str, str]
    ready: bool


def write_running(home: Path, running: Running) -> None:
    """Tell other commands how the stack was started."""
    write_private(home / "running.json", json.dumps({"environment": running.environment, "ready": running.ready}))


def read_running(home: Path) -> Running | None:
    """How the stack was started, if it was."""
    try:
        document = json.loads((home / "running.json").read_text("utf-8"))
        return Running(dict(document["environment"]), bool(document["ready"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_running(home: Path) -> None:
    """Nothing runs any more."""
    (home / "running.json").unlink(missing_ok=True)


def _has_audio(folder: Path) -> bool:
    """Whether the first audio file is found; in most libraries at once."""
    return any(
        name.rpartition(b".")[2].lower() in AUDIO_SUFFIXES
        for _, _, names in os.walk(os.fsencode(folder))
        for name in names
    )


def _home_error(home: Path, error: OSError) -> ConfigError:
    if error.errno == errno.ENOSPC:
        problem = f"is {home}, whose disk is full: free some space, or name a folder on another disk"
    elif isinstance(error, FileExistsError | NotADirectoryError):
        problem = f"is {home}, which is not a folder"
    else:
        problem = f"is {home}, which can't be written to ({error.strerror})"
    return ConfigError("EARWISE_HOME", problem, "/srv/earwise")
