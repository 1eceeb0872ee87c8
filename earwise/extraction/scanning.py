"""Brings what the store knows of the library's folders up to date with the file system."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from earwise.errors import LibraryError
from earwise.extraction.changes import Change, ChangeSpool, apply_changes
from earwise.extraction.deadline import ended_if_hanging
from earwise.extraction.losses import LossLimits, check_loss, check_removed_root
from earwise.extraction.pairing import pair_folders
from earwise.extraction.scope import scan_region
from earwise.extraction.waiting import let_wait
from earwise.library.scan import PROBLEM_CODES, FoundFile, FoundFolder, ScanProblem, walk_root
from earwise.listing import Listing
from earwise.log import fields
from earwise.paths import LibraryPath, at_or_above
from earwise.root import Root
from earwise.store import Store
from earwise.store.folders import FileEntry

log = logging.getLogger(__name__)

# A million files in one folder, on a network disk that answers a hundred times a second, take three hours.
_LONGEST_FOLDER_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found.

    Attributes
    ----------
    files : int
        Audio files in the library.
    added, changed, vanished : int
        Files that are new, have another size or time, or are gone.
    problems : tuple of ScanProblem
        Entries that could not be looked at.
    passed_over : Counter of str
        Entries that were passed over, as in `FoundFolder`.
    """

    files: int
    added: int
    changed: int
    vanished: int
    problems: tuple[ScanProblem, ...]
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[str, int]:
        """The figures alone."""
        return {
            "files": self.files,
            "added": self.added,
            "changed": self.changed,
            "vanished": self.vanished,
            "problems": len(self.problems),
            "passed_over": self.passed_over.total(),
        }


@dataclass(slots=True)
class _Tally:
    known: int = 0
    files: int = 0
    added: int = 0
    changed: int = 0
    vanished: int = 0
    lost: int = 0  # vanished and not let go before
    is_there: bool = False  # what the scan is limited to, on disk or among what is known
    problems: list[ScanProblem] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def scan_library(
    store: Store,
    roots: tuple[Root, ...],
    now: datetime,
    *,
    accept_losses: bool = False,
    limits: LossLimits = LossLimits(),  # noqa: B008 - immutable
    within: LibraryPath | None = None,
) -> ScanReport:
    """Compare all roots with the store, then write the folders that differ, and nothing else.

    Vanished files leave their tracks and the quarantine. Roots that are no longer in the settings leave whole, if that
    is meant.

    Parameters
    ----------
    accept_losses : bool
        Whether many files that are gone at once were taken away on purpose.
    limits : LossLimits
        How many are many.
    within : LibraryPath or None
        Look at this folder or file alone, and believe what is known of all others.

    Raises
    ------
    LibraryError
        If a root is absent or unreadable, or what the scan is limited to is neither there nor known, or, unless losses
        are accepted, a root has left the settings, has become empty or has lost so many files at once that a disk is
        more likely missing than its files; then nothing is changed.
    """
    if all(root.is_optional and not root.folder.exists() for root in roots):
        raise LibraryError("EARWISE_LIBRARY names no folder, so there is nothing to listen to.")
    scanned = [root for root in roots if within is None or root.name == within.root]
    region = scan_region(within)
    below = region.path if region else b""
    with ChangeSpool() as changes:
        tallies = [_compare_root(store, root, roots, below, changes, within) for root in scanned]
        if within is not None and within.path and not any(tally.is_there for tally in tallies):
            _check_presence(store, within)
        removed = _compare_removed_roots(store, roots, changes) if region is None else {}
        if not accept_losses:
            for root, tally in zip(scanned, tallies, strict=True):
                _check_loss(root, below, tally, changes, limits)
            for name, known in removed.items():
                check_removed_root(name, known=known, changes=changes, limits=limits)
        if any(change.vanished for change in changes):
            store.shelves.mark_stale()
        apply_changes(store, changes, now)
    problems = tuple(problem for tally in tallies for problem in tally.problems)
    _record_problems(store, problems, region, now)
    report = ScanReport(
        files=sum(tally.files for tally in tallies),
        added=sum(tally.added for tally in tallies),
        changed=sum(tally.changed for tally in tallies),
        vanished=sum(tally.vanished for tally in tallies),
        problems=problems,
        passed_over=sum((tally.passed_over for tally in tallies), Counter[str]()),
    )
    if not below:
        _warn_of_empty_roots(scanned, tallies)
    _log_report(report)
    return report


def _compare_root(
    store: Store,
    root: Root,
    roots: tuple[Root, ...],
    below: bytes,
    changes: ChangeSpool,
    within: LibraryPath | None,
) -> _Tally:
    tally, unreadable = _Tally(), set[bytes]()
    # Whoever asks a bucket has a time-out.
    watch: AbstractContextManager[Callable[[], None]] = (
        nullcontext(lambda: None) if root.bucket else ended_if_hanging(_LONGEST_FOLDER_S)
    )
    with watch as get_on:
        sides = walk_root(root, roots, below), store.folders.read_listings(root.name, below)
        for location, found, known in pair_folders(*sides):
            get_on()
            if not tally.is_there:
                tally.is_there = within is None or _is_there(within, location, found, known)
            tally.known += len(known)
            if found is not None:
                tally.problems += found.problems
                tally.passed_over.update(found.passed_over)
                if not found.is_readable:
                    unreadable.add(location.path)
            is_hidden = not unreadable.isdisjoint(at_or_above(location.path))
            if is_hidden or (found is not None and Listing.of(found.files) == known):
                tally.files += len(known)
            else:
                folder = store.folders.get(location) if known else None
                files = folder.files if folder else {}
                change = _compare_folder(location, found or FoundFolder(location), files, tally)
                if change is not None:
                    changes.add(change)
    return tally


def _is_there(within: LibraryPath, location: LibraryPath, found: FoundFolder | None, known: Listing) -> bool:
    """Whether a folder is what was asked for, lies in that, or holds it, now or when it was last looked at."""
    if within.holds(location):
        return True
    if location != within.parent:
        return False
    names = {name for name, _, _ in known.unpack()}
    if found is None:
        return within.name in names
    is_problem = any(within.holds(problem.location) for problem in found.problems)
    return is_problem or not found.is_readable or within.name in names | found.files.keys()


def _check_presence(store: Store, within: LibraryPath) -> None:
    """Raise for a path that is neither there nor known, unless it was a problem, which the quarantine alone knows."""
    if not any(within.holds(file.location) for file in store.quarantine.with_codes(PROBLEM_CODES)):
        raise LibraryError(
            f"{within.display!r} is not in the library: the root {within.root!r} has no folder and no audio file of "
            "that path, and none was known. Nothing was changed."
        )


def _compare_folder(
    location: LibraryPath, found: FoundFolder, known: Mapping[bytes, FileEntry], tally: _Tally
) -> Change | None:
    kept = {name: entry for name, entry in known.items() if name in found.unseen}
    files = {name: _entry_of(file, known.get(name)) for name, file in found.files.items()} | kept
    vanished = {name: entry for name, entry in known.items() if name not in files}
    tally.files += len(files)
    added = frozenset(name for name in files if name not in known)
    tally.added += len(added)
    tally.changed += sum(name in known and entry != known[name] for name, entry in files.items())
    tally.vanished += len(vanished)
    tally.lost += sum(not entry.is_leaving for entry in vanished.values())
    return Change(location, files, vanished, added) if files != known else None


def _entry_of(file: FoundFile, known: FileEntry | None) -> FileEntry:
    if known is not None and (known.size_bytes, known.mtime_ns) == (file.size_bytes, file.mtime_ns):
        return known
    # A changed file remembers its track, which it leaves if it turns out to hold another recording.
    return FileEntry(file.size_bytes, file.mtime_ns, track_id=known.track_id if known else None)


def _check_loss(root: Root, below: bytes, tally: _Tally, changes: ChangeSpool, limits: LossLimits) -> None:
    check_loss(
        root,
        below=below,
        known=tally.known,
        found=tally.files,
        vanished=tally.lost,
        changes=changes,
        limits=limits,
    )


def _compare_removed_roots(store: Store, roots: tuple[Root, ...], changes: ChangeSpool) -> dict[str, int]:
    """Let the roots that are no longer in the settings leave; how many files each has that were not let go before."""
    files_of = {}
    for name in store.folders.roots_beside(root.name for root in roots):
        files_of[name] = 0
        for folder in store.folders.read_root(name):
            changes.add(Change(folder.location, {}, folder.files))
            files_of[name] += sum(not entry.is_leaving for entry in folder.files.values())
        log.warning("root left the settings: %s, with %d files", name, files_of[name], extra=fields(root=name))
    return files_of


def _record_problems(
    store: Store, problems: tuple[ScanProblem, ...], region: LibraryPath | None, now: datetime
) -> None:
    """Keep the quarantine's list of unreadable entries equal to what was found, writing only differences."""
    recorded = {
        file.location: file.code
        for file in store.quarantine.with_codes(PROBLEM_CODES)
        if region is None or region.holds(file.location)
    }
    for problem in problems:
        if recorded.pop(problem.location, None) != problem.code:
            store.quarantine.put(problem.location, problem.code, problem.message, now)
            log.warning(
                "not readable: %s: %s",
                problem.location.display,
                problem.message,
                extra=fields(root=problem.location.root, code=problem.code),
            )
    # Whether they had failed before they could not be looked at was not kept.
    let_wait(store, recorded)
    for location in recorded:
        store.quarantine.remove(location)


def _warn_of_empty_roots(roots: Iterable[Root], tallies: Iterable[_Tally]) -> None:
    """Say which roots may be folders that no disk is mounted on, of which no loss tells."""
    empty = [
        root
        for root, tally in zip(roots, tallies, strict=True)
        if not (tally.files or tally.known or (root.is_optional and not root.folder.exists()))
    ]
    for root in empty:
        log.warning(
            "no audio file in %s, and none is known of it: is its disk mounted?",
            root.address,
            extra=fields(root=root.name),
        )


def _log_report(report: ScanReport) -> None:
    log.info(
        "scan done: %d files, %d new, %d changed, %d gone, %d not readable; "
        "passed over: %d hidden, %d of the system, %d links to folders",
        report.files,
        report.added,
        report.changed,
        report.vanished,
        len(report.problems),
        *(report.passed_over[kind] for kind in ("hidden", "system", "links")),
    )
