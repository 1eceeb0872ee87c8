"""Lets files wait to be analysed again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from earwise.paths import LibraryPath
from earwise.store import Store


def let_wait(store: Store, files: Iterable[LibraryPath]) -> list[LibraryPath]:
    """Let files wait again, folder by folder; returns those that no folder holds."""
    absent = []
    by_folder = sorted(files, key=lambda file: (file.root, file.parent.path))
    for parent, group in groupby(by_folder, key=lambda file: file.parent):
        here = list(group)
        held, _ = store.folders.let_wait(parent, [file.name for file in here])
        absent += [file for file in here if file.name not in held]
    return absent
