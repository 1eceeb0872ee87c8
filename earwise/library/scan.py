"""Walks a root of the library: its folders in the order of their path's bytes, one `scandir` and one `stat` a file."""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from earwise.errors import LibraryError
from earwise.listing import clamp
from earwise.paths import LibraryPath, is_below
from earwise.root import Root
from earwise.roots.listing import ListedFile
from earwise.roots.opening import list_folders

AUDIO_SUFFIXES = frozenset(
    b"aac aif aifc aiff ape caf flac m4a m4b mka mp2 mp3 mpc oga ogg opus tak tta w64 wav wave wma wv".split()
)
_SYSTEM_NAMES = frozenset(
    (b"@eaDir", b"#recycle", b"#snapshot", b"$RECYCLE.BIN", b"System Volume Information", b"__MACOSX", b"lost+found")
)
# Parts of a path by which nothing can be called: a file system takes them for the folder itself, or the one above.
_NO_NAMES = frozenset((b"", b".", b".."))
_UNADDRESSABLE = (
    'Earwise can\'t call this by its name, which has an empty part between slashes, or one that is "." or "..": '
    "it has to be renamed."
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Size and time of a file, by which a later scan sees that it changed."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ScanProblem:
    """An entry that could not be looked at, with a code and a sentence."""

    location: LibraryPath
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FoundFolder:
    """A folder and the audio files directly in it.

    Attributes
    ----------
    files : dict of bytes to FoundFile
        Audio files by name.
    unseen : frozenset of bytes
        Names that are there and could not be looked at: what was known of them still holds.
    is_readable : bool
        False where the folder could not be listed: what was known of it, and of all below it, still holds.
    problems : tuple of ScanProblem
        What people should know.
    passed_over : Counter of str
        How many entries were passed over: ``hidden`` ones, the ``system``'s, and ``links`` to folders of the library.
    """

    location: LibraryPath
    files: Mapping[bytes, FoundFile] = field(default_factory=dict)
    unseen: frozenset[bytes] = frozenset()
    is_readable: bool = True
    problems: tuple[ScanProblem, ...] = ()
    passed_over: Counter[str] = field(default_factory=Counter)


#: Codes of the problems below; no file that was opened has one of them.
PROBLEM_CODES = (
    "unreadable_folder",
    "unreadable_entry",
    "dangling_link",
    "link_outside",
    "link_hidden",
    "not_a_file",
    "unaddressable",
)


def walk_root(root: Root, roots: tuple[Root, ...], below: bytes = b"") -> Iterator[FoundFolder]:
    """All folders of a root that can hold tracks, in order of their path's bytes.

    Parameters
    ----------
    below : bytes
        Path of the folder to begin with; nothing comes of one that is not there.

    Hidden and system entries are passed over. Links to files are followed within the library; links to folders are
    not: a folder of the library is seen at its own place, which leaves no cycle to run into. Links to others, and to
    what is passed over at its own place, are reported.

    An archive or a bucket is listed instead, by the same rules about names; audio files in it whose path leads nowhere
    are reported with the folder that the listing began with, and what is passed over is counted with it. What need not
    be there and is not has no folders.

    Raises
    ------
    LibraryError
        If the root itself is absent or can't be listed.
    """
    if not root.is_folder:
        yield from _read_listing(root, below)
        return
    base = os.fsencode(root.folder)
    inside = [os.path.realpath(os.fsencode(other.folder)) for other in roots if other.is_folder]
    # A heap, since plain depth first would give a, a/b, a-b: not the order of bytes.
    waiting = _begin_below(root, base, below) if below else [b""]
    while waiting:
        location = LibraryPath(root.name, heapq.heappop(waiting))
        folder, names = _read_folder(base, location, inside)
        for name in names:
            heapq.heappush(waiting, location.child(name).path)
        if not (folder.is_readable or location.path):
            raise LibraryError(f"The library's folder {root.folder} can't be read. {folder.problems[0].message}")
        yield folder


def _begin_below(root: Root, base: bytes, below: bytes) -> list[bytes]:
    """Where a walk begins that is asked for a folder; nowhere if that is gone, for its files are then gone too."""
    try:
        with os.scandir(base):
            pass
    except OSError as error:
        raise LibraryError(f"The library's folder {root.folder} can't be read: {_reason(error)}.") from error
    place = os.path.join(base, below)
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise LibraryError(f"{os.fsdecode(place)} can't be read: {_reason(error)}.") from error
    # Behind a link or under a hidden name no other scan would find it again.
    if _is_passed_over(below) or os.path.realpath(place) != os.path.join(os.path.realpath(base), below):
        raise LibraryError(f"{os.fsdecode(place)} is hidden or leads through a link, and is passed over by every scan.")
    if not os.path.isdir(place):
        raise LibraryError(f"{os.fsdecode(place)} is neither a folder nor an audio file.")
    return [below]


def _read_listing(root: Root, below: bytes) -> Iterator[FoundFolder]:
    if root.is_optional and not root.folder.exists():
        return
    top = LibraryPath(root.name, below)
    problems: list[ScanProblem] = []
    passed_over = Counter[str]()

    def is_wanted(path: bytes) -> bool:
        location = LibraryPath(root.name, path)
        if not top.holds(location):
            return False
        if _is_passed_over(path):
            passed_over[_kind_of(path.split(b"/"))] += 1
            return False
        if not has_audio_suffix(path):
            return False
        if _NO_NAMES.isdisjoint(path.split(b"/")):
            return True
        problems.append(ScanProblem(location, "unaddressable", _UNADDRESSABLE))
        return False

    # All of it is listed before the first folder comes.
    folders = list_folders(root, is_wanted)
    first = next(folders, None)
    here, rest = (first[1], folders) if first and first[0] == below else ({}, chain([first] if first else [], folders))
    if here or problems or passed_over:
        yield FoundFolder(top, _stated(here), problems=tuple(problems), passed_over=passed_over)
    for path, files in rest:
        yield FoundFolder(LibraryPath(root.name, path), _stated(files))


def _stated(files: Mapping[bytes, ListedFile]) -> dict[bytes, FoundFile]:
    return {name: FoundFile(file.size_bytes, file.mtime_ns) for name, file in files.items()}


def _is_passed_over(path: bytes) -> bool:
    return any(_is_hidden(part) or part in _SYSTEM_NAMES for part in path.split(b"/"))


def _is_hidden(name: bytes) -> bool:
    return name.startswith(b".") and name not in _NO_NAMES


def _kind_of(names: Iterable[bytes]) -> str:
    """What is passed over by these names."""
    return "hidden" if _SYSTEM_NAMES.isdisjoint(names) else "system"


def has_audio_suffix(name: bytes) -> bool:
    """Whether a name ends as those of audio files do.

    >>> has_audio_suffix(b"live/a.MP3"), has_audio_suffix(b".mp3")
    (True, False)
    """
    stem, _, suffix = name.rpartition(b".")
    return bool(stem) and suffix.lower() in AUDIO_SUFFIXES


def _read_folder(base: bytes, location: LibraryPath, inside: list[bytes]) -> tuple[FoundFolder, list[bytes]]:
    files: dict[bytes, FoundFile] = {}
    below: list[bytes] = []
    unseen: set[bytes] = set()
    problems: list[ScanProblem] = []
    passed_over = Counter[str]()
    try:
        with os.scandir(os.path.join(base, location.path)) as entries:
            for entry in entries:
                if entry.name.startswith(b".") or entry.name in _SYSTEM_NAMES:
                    passed_over[_kind_of((entry.name,))] += 1
                    continue
                try:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.name)
                    elif (found := _look_at(entry, inside)) is not None:
                        files[entry.name] = found
                except _LinkedFolderError:
                    passed_over["links"] += 1
                except _EntryProblemError as error:
                    problems.append(ScanProblem(location.child(entry.name), error.code, str(error)))
                    if error.code == "unreadable_entry":
                        unseen.add(entry.name)
    except OSError as error:
        problem = ScanProblem(location, "unreadable_folder", f"The system refuses to list it: {_reason(error)}.")
        return FoundFolder(location, is_readable=False, problems=(problem,)), []
    found_folder = FoundFolder(location, files, frozenset(unseen), problems=tuple(problems), passed_over=passed_over)
    return found_folder, below


class _EntryProblemError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _LinkedFolderError(Exception):
    """A link to a folder of the library, which is seen at its own place."""


def _look_at(entry: os.DirEntry[bytes], inside: list[bytes]) -> FoundFile | None:
    """Size and time of an audio file; None for what is none."""
    has_suffix = has_audio_suffix(entry.name)
    is_link = entry.is_symlink()
    if not (has_suffix or is_link):
        return None
    try:
        status = entry.stat()
    except OSError as error:
        _explain(error, is_link=is_link, has_suffix=has_suffix)
        return None
    is_folder = stat.S_ISDIR(status.st_mode)
    if is_link and (has_suffix or is_folder):
        _check_target(entry, inside, is_folder=is_folder)
    if is_link and is_folder:
        raise _LinkedFolderError
    if is_folder or not has_suffix:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise _EntryProblemError("not_a_file", "This is a pipe, socket or device, not a file.")
    return FoundFile(status.st_size, clamp(status.st_mtime_ns))


def _explain(error: OSError, *, is_link: bool, has_suffix: bool) -> None:
    if is_link and error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
        # Without a suffix of audio it need never have led to any.
        if not has_suffix and error.errno != errno.ELOOP:
            return
        raise _EntryProblemError("dangling_link", "This link leads nowhere, or to itself.") from error
    if error.errno == errno.ENOENT:
        return  # gone between listing and looking
    if has_suffix:
        raise _EntryProblemError("unreadable_entry", f"The system refuses to look at it: {_reason(error)}.") from error


def _check_target(entry: os.DirEntry[bytes], inside: list[bytes], *, is_folder: bool) -> None:
    """Raise if a link leads out of the library, or to a folder that is passed over at its own place, too."""
    target = os.path.realpath(entry.path)
    shown, way_out = target.decode("utf-8", "replace"), "make that folder a root of its own in EARWISE_LIBRARY."
    paths = [os.path.relpath(target, folder) for folder in inside if is_below(target, folder)]
    if not paths:
        raise _EntryProblemError("link_outside", f"This link leads out of the library, to {shown}; {way_out}")
    if is_folder and all(_is_passed_over(path) for path in paths):
        message = f"This link leads to {shown}, which is hidden or the system's, and no scan looks there; {way_out}"
        raise _EntryProblemError("link_hidden", message)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0)
