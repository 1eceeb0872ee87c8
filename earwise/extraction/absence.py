"""Tells files that can't be read from a root that went away after the scan: such a root's tracks keep their files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping

from earwise.errors import LibraryError, TrackError, UnreadableFileError
from earwise.extraction.losses import LossLimits
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots.opening import check_listable, open_file

_WAY_OUT = "None of them was quarantined; what was analysed is stored, and the rest waits."


def check_roots(failures: Mapping[LibraryPath, TrackError], roots: tuple[Root, ...]) -> None:
    """Raise if files could not be read because their root is not there any more.

    Raises
    ------
    LibraryError
        Naming the root.
    """
    names = {file.root for file in _unreadable(failures)}
    for root in roots:
        if root.name in names:
            _check_root(root)


def check_absence(
    tried: Collection[LibraryPath],
    failures: Mapping[LibraryPath, TrackError],
    roots: tuple[Root, ...],
    limits: LossLimits,
) -> None:
    """Raise if so many files of a root could not be opened that a disk was more likely away than they.

    Files that the system refuses for want of a permission don't count, nor do those of archives that were opened and
    turned out to be damaged: those are there.

    Parameters
    ----------
    tried : collection of LibraryPath
        Every file that was to be analysed, those that failed among them.

    Raises
    ------
    LibraryError
        Naming the root and one of the reasons.
    """
    check_roots(failures, roots)
    tried_of = Counter(file.root for file in tried)
    for root in roots:
        most = limits.share * tried_of[root.name]
        here = (file for file in _unreadable(failures) if file.root == root.name)
        # A disk that is dying opens files and can't read them; what an archive can't give is damaged.
        unreadable = [file for file in here if root.is_folder or not _is_read(failures[file])]
        if not _exceed(len(unreadable), most, limits):
            continue
        away = [file for file in unreadable if not root.is_folder or not _is_refused(file, roots)]
        if _exceed(len(away), most, limits):
            raise LibraryError(
                f"{len(away)} of {tried_of[root.name]} files in {root.address} could not be opened although a scan "
                f"had just seen them: {failures[away[0]]} Is a disk missing? {_WAY_OUT}"
            )


def _unreadable(failures: Mapping[LibraryPath, TrackError]) -> list[LibraryPath]:
    return [file for file, error in failures.items() if isinstance(error, UnreadableFileError)]


def _is_read(error: TrackError) -> bool:
    """Whether the file was opened before it failed."""
    return error.code != UnreadableFileError.code


def _exceed(files: int, most: float, limits: LossLimits) -> bool:
    return files >= limits.files and files > most


def _check_root(root: Root) -> None:
    if root.is_folder:
        try:
            with os.scandir(root.folder) as entries:
                if next(entries, None) is not None:
                    return
            reason = "is empty"
        except OSError as error:
            reason = f"can't be read: {os.strerror(error.errno or 0)}"
        raise LibraryError(f"The library's folder {root.address} {reason}. Is its disk mounted? {_WAY_OUT}")
    try:
        check_listable(root)
    except LibraryError as error:
        raise LibraryError(f"{error} {_WAY_OUT}") from error


def _is_refused(file: LibraryPath, roots: tuple[Root, ...]) -> bool:
    try:
        open_file(file, roots).reader.close()
    except PermissionError:
        return True
    except (UnreadableFileError, OSError):
        return False
    return False
