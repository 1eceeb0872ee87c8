"""Tells files that can't be read from a root that went away after the scan: such a root's tracks keep their files."""

from __future__ import annotations

import functools
import heapq
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from earwise.errors import DecodeTimeoutError, LibraryError, TrackError, UnreadableFileError
from earwise.extraction.losses import LossLimits
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.roots.opening import check_present, open_file
from earwise.roots.probing import is_readable
from earwise.store import Store

# Files of a root that are read to find out whether it is there.
_PROBES = 20
_READ_ERROR = "read_error"
_NOT_READ_CODES = (UnreadableFileError.code, _READ_ERROR, DecodeTimeoutError.code)
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
    heard: Callable[[Root], Iterable[LibraryPath]] = lambda root: (),
) -> None:
    """Raise if so many files of a root could not be opened that a disk was more likely away than they.

    Files that the system refuses for want of a permission don't count, nor do those of archives that were opened and
    turned out to be damaged: those are there. Nor do files that are still there and can't be read while others beside
    them can: they would fail each run anew, and nothing but quarantine ends that.

    Parameters
    ----------
    tried : collection of LibraryPath
        Every file that was to be analysed, those that failed among them.
    heard : callable
        Files of a root that could be read before, as `heard_files` finds them.

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
        unreadable = [file for file in here if _may_be_away(root, failures[file])]
        if not _exceed(len(unreadable), most, limits):
            continue
        away = [file for file in unreadable if not root.is_folder or not _is_refused(file, roots)]
        if not _exceed(len(away), most, limits):
            continue
        gone = sum(root.is_folder and _is_gone(file, roots) for file in away)
        if _exceed(gone, most, limits) or not _is_there(root, roots, away, heard(root)):
            raise LibraryError(
                f"{len(away)} of {tried_of[root.name]} files in {root.address} could not be opened although a scan "
                f"had just seen them: {failures[away[0]]} Is a disk missing? {_WAY_OUT}"
            )


def heard_files(store: Store, root: Root) -> Iterator[LibraryPath]:
    """Files of a root that were read when they were last tried."""
    not_read = {file.location for file in store.quarantine.with_codes(_NOT_READ_CODES)}
    for folder in store.folders.read_root(root.name):
        for name, entry in folder.files.items():
            file = folder.location.child(name)
            if entry.analysed_version is not None and entry.track_id is not None and file not in not_read:
                yield file


def _unreadable(failures: Mapping[LibraryPath, TrackError]) -> list[LibraryPath]:
    return [file for file, error in failures.items() if isinstance(error, UnreadableFileError)]


def _may_be_away(root: Root, error: TrackError) -> bool:
    """Whether a root that is not there, or gives nothing, may be what a file failed by.

    A disk that is dying opens files and can't read them, and a bucket without its key finds objects and refuses them.
    What an archive can't give is damaged; what is too large for a copy is there.
    """
    is_archive = not root.is_folder and not root.bucket
    return error.code == UnreadableFileError.code or (error.code == _READ_ERROR and not is_archive)


def _exceed(files: int, most: float, limits: LossLimits) -> bool:
    return files >= limits.files and files > most


def _check_root(root: Root) -> None:
    try:
        check_present(root)
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


def _is_gone(file: LibraryPath, roots: tuple[Root, ...]) -> bool:
    """Whether the file is not where the scan saw it; the next scan sees that too."""
    try:
        os.stat(file.locate(roots))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (UnreadableFileError, OSError):
        return False
    return False


def _is_there(root: Root, roots: tuple[Root, ...], away: Iterable[LibraryPath], heard: Iterable[LibraryPath]) -> bool:
    """Whether other files can be read of the disk, or of the bucket, that these could not be read of.

    What an archive can't give is damaged, so one that gives none for another reason is not there, or finds no room.
    """
    failed = frozenset(away)
    if root.is_folder:
        device_of = functools.lru_cache(maxsize=1024)(functools.partial(_device_of, roots=roots))
        devices = {device_of(file.parent) for file in failed} - {None}
        heard = (file for file in heard if device_of(file.parent) in devices)
    elif not root.bucket:
        return False
    # A file's key is as good as chance, and a part of a disk may be broken.
    others = (file for file in heard if file not in failed)
    probes = heapq.nsmallest(_PROBES, others, key=lambda file: file.key)
    return any(is_readable(file, roots) for file in probes)


def _device_of(folder: LibraryPath, roots: tuple[Root, ...]) -> int | None:
    """Number of the file system that holds a folder: a disk may be mounted anywhere below a root."""
    try:
        return os.stat(folder.locate(roots)).st_dev
    except (UnreadableFileError, OSError):
        return None
