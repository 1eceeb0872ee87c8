"""The embedded MongoDB server: ``mongod`` where the machine has it, else SecantusDB.

A home stays with the server that it began with: the two have different files.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from earwise.settings import Settings

# Of the machine's memory. 100,000 tracks and their recommendations take 2 GB: what is not in the store's own cache is
# read from the disk where the system does not keep it either, and answers waited half a second for it.
_CACHE_SHARE, _CACHE_MB = 1 / 8, (256, 4_096)
# The server keeps a log of writes, whole documents of them, for followers, which there are none of here: of 100,000
# tracks, at its 100,000 entries, it was 1 of 3 GB in files and in the cache.
_LOGGED_WRITES = 1_000
_END_S = 30.0


def store_folder(home: Path) -> Path:
    """Folder of the embedded server's files."""
    known = [home / "mongo" / name for name in ("secantusdb", "mongod")]
    return next((folder for folder in known if folder.is_dir()), known[1] if shutil.which("mongod") else known[0])


def mongo_command(settings: Settings) -> tuple[str, ...]:
    """Command line of the embedded server."""
    folder, port = store_folder(settings.home), str(settings.mongo_port)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == "mongod":
        program = shutil.which("mongod") or "mongod"
        return (program, "--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", port, "--quiet")
    # An empty configuration of its own: otherwise one in the user's home or in /etc would be found and obeyed.
    own_configuration = settings.home / "mongo" / "secantusd.toml"
    own_configuration.touch()
    return (
        str(Path(sys.prefix) / "bin" / "secantusd-py"),
        *("--config", str(own_configuration), "--host", "127.0.0.1", "--port", port),
        *("--storage-path", str(folder), "--sync-on-commit", "--log-level", "WARNING"),
        *("--cache-size", cache_size(psutil.virtual_memory().total), "--oplog-max-entries", str(_LOGGED_WRITES)),
    )


def cache_size(memory_bytes: int) -> str:
    """How much of what it holds the embedded server may keep in memory; it takes no more than there is to keep.

    >>> cache_size(2 * 10**9), cache_size(24 * 10**9), cache_size(10**12)
    ('256M', '2861M', '4096M')
    """
    least, most = _CACHE_MB
    return f"{min(max(least, int(memory_bytes * _CACHE_SHARE / 2**20)), most)}M"


def mongo_version(settings: Settings) -> str:
    """Name and version of the embedded server; the server itself tells it to no client of the stable API."""
    if store_folder(settings.home).name == "secantusdb":
        return f"secantusdb {metadata.version('secantusdb')}"
    told = subprocess.run([*mongo_command(settings)[:1], "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\bv(\d\S*)", told.stdout)
    return f"mongod {number[1] if number else ''}".strip()


@contextmanager
def running_mongo(settings: Settings, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run the embedded server until the context ends: asked first, killed where it takes too long.

    Parameters
    ----------
    log : Path
        What the server writes to.
    environment : mapping or None
        None for that of this process.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            mongo_command(settings), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        server.terminate()
        try:
            server.wait(_END_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def has_store(home: Path) -> bool:
    """Whether this home has files of an embedded server already."""
    folder = store_folder(home)
    return folder.is_dir() and any(folder.iterdir())


def set_store_aside(home: Path) -> Path:
    """Rename a store that can't be opened, so that a new one can be begun; returns the new name."""
    folder = store_folder(home)
    aside = folder.with_name(f"{folder.name}.unreadable-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}")
    folder.rename(aside)
    folder.mkdir()
    return aside
