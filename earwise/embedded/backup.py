"""Rotating dumps of what listeners made: accounts, ratings, playlists and history can't be computed again.

One dump is one folder, ``backups/2026-01-31T12-00-00``, with a file of lines per collection. It is written under
another name and renamed when complete, so that every folder of that form is whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from earwise.errors import StoreError
from earwise.store import Store
from earwise.store.dumps import dump_collection, restore_collection
from earwise.store.personal import PERSONAL

# A dump would make tokens good again that were revoked since; whoever restores one makes new tokens.
COLLECTIONS = ("users", *(name for name in PERSONAL if name != "tokens"))
KEPT = 14
_TIME = "%Y-%m-%dT%H-%M-%S.%f"


def back_up(store: Store, database: str, home: Path) -> Path | None:
    """Dump the collections, unless nothing changed since the newest dump; drop the oldest dumps.

    Returns
    -------
    Path or None
        The new dump's folder; None when there was nothing to write.
    """
    backups = home / "backups"
    unfinished = backups / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    lines = sum(_write(unfinished / f"{name}.jsonl", dump_collection(store, database, name)) for name in COLLECTIONS)
    known = list_backups(home)
    if lines == 0 or (known and _digest(known[-1]) == _digest(unfinished)):
        shutil.rmtree(unfinished)
        return None
    finished = backups / datetime.now(UTC).strftime(_TIME)
    unfinished.rename(finished)
    for old in list_backups(home)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return finished


def list_backups(home: Path) -> list[Path]:
    """Every whole dump, the oldest first."""
    return sorted(folder for folder in (home / "backups").glob("[0-9]*") if folder.is_dir())


def restore_newest(store: Store, database: str, home: Path) -> tuple[Path, int] | None:
    """Write the newest readable dump back.

    Returns
    -------
    tuple of (Path, int) or None
        The dump and how many documents it held; None when there is none.
    """
    for folder in reversed(list_backups(home)):
        try:
            return folder, sum(_restore(store, database, folder, name) for name in COLLECTIONS)
        except (OSError, UnicodeDecodeError, StoreError):
            continue  # an older one is better than none
    return None


def _restore(store: Store, database: str, folder: Path, name: str) -> int:
    path = folder / f"{name}.jsonl"
    if not path.exists():
        return 0
    with path.open(encoding="utf-8") as lines:
        return restore_collection(store, database, name, lines)


def _write(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        path.chmod(0o600)
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
