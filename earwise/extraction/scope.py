"""What a run is limited to: a root, or a folder or file of one."""

from __future__ import annotations

import os

from earwise.errors import LibraryError
from earwise.library.scan import has_audio_suffix
from earwise.paths import LibraryPath, is_below
from earwise.root import Root


def find_scope(roots: tuple[Root, ...], root: str | None, only_path: str | None) -> LibraryPath | None:
    """What people asked for, as a place in the library; None for all of it.

    Parameters
    ----------
    root : str or None
        Name of a root; needed beside a relative path where there are several.
    only_path : str or None
        Path of a folder or a file, relative to the root, or as the file system has it.

    Raises
    ------
    LibraryError
        If there is no such root, or the path is in none.
    """
    name, asked = (root or "").strip(), only_path or ""
    named = [candidate for candidate in roots if not name or candidate.name == name]
    if not named:
        raise LibraryError(f"There is no root {name!r}. There are: {', '.join(root.name for root in roots)}.")
    if asked.startswith("/"):
        return _find_absolute(named, os.fsencode(asked))
    # Nothing in the library has such parts in its path, which mean the folder itself.
    parts = [part for part in os.fsencode(asked).split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise LibraryError(f"{asked!r} leads out of the library.")
    path = b"/".join(parts)
    if name:
        return LibraryPath(name, path)
    if not asked:
        return None
    required = [candidate for candidate in roots if not candidate.is_optional]
    if len(required) != 1:
        raise LibraryError(f"Say which root {asked!r} is in: {', '.join(root.name for root in roots)}.")
    return LibraryPath(required[0].name, path)


def scan_region(within: LibraryPath | None) -> LibraryPath | None:
    """The folder to scan for it: of a file, the folder that holds it.

    >>> scan_region(LibraryPath("music", b"live/a.mp3"))
    LibraryPath(root='music', path=b'live')
    """
    return within.parent if within is not None and has_audio_suffix(within.name) else within


def _find_absolute(roots: list[Root], path: bytes) -> LibraryPath:
    real = os.path.realpath(path)
    for root in roots:
        base = os.path.realpath(os.fsencode(root.folder))
        if root.is_folder and is_below(real, base):
            return LibraryPath(root.name, os.path.relpath(real, base) if real != base else b"")
    raise LibraryError(f"{os.fsdecode(path)} is in no root of the library.")
