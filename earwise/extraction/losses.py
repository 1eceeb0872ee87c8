"""Tells files that were taken away from a disk that is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from earwise.errors import LibraryError
from earwise.extraction.changes import Change
from earwise.paths import LibraryPath
from earwise.root import DEMO_ROOT, Root

# With the root, since without it the losses of all are believed, also of a disk that is not mounted just now.
_WAY_OUT = "If they are gone for good, trigger extract_features with accept_losses, and {root!r} as the root."
# One that the settings do not name can't be asked for alone.
_WAY_OUT_OF_SETTINGS = (
    "If they are gone for good, trigger extract_features with accept_losses while the disks of all other roots are "
    "there, as it believes their losses too."
)


@dataclass(frozen=True, slots=True)
class LossLimits:
    """How much of a root may vanish at once before a disk is more likely missing than its files.

    Attributes
    ----------
    files : int
        Fewer files than these are always believed to be gone,
    share : float
        and so is no more than this share of a root's files, in [0, 1].
    """

    files: int = 20
    share: float = 0.2


def check_loss(
    root: Root,
    *,
    below: bytes = b"",
    known: int,
    found: int,
    vanished: int,
    changes: Iterable[Change],
    limits: LossLimits,
) -> None:
    """Raise if a root has become empty, or it or a folder of it has lost more than the limits allow.

    Parameters
    ----------
    below : bytes
        Path of the folder that was looked at; empty for all of the root. A folder may well become empty.
    known, found, vanished : int
        Files there before the scan and in it, and those of the former that are not among the latter and were
        not let go by an earlier scan, which was broken off.

    Raises
    ------
    LibraryError
        Naming the root and what to do.
    """
    if vanished and not found and not below:
        raise LibraryError(
            f"The library's folder {root.address} holds no audio file any more, but {known} are known. "
            f"Is its disk mounted? Nothing was changed. {_WAY_OUT.format(root=root.name)}"
        )
    if vanished < limits.files or vanished <= limits.share * known:
        return
    lost = _count_lost(root.name, changes)
    if lost >= limits.files and lost > limits.share * known:
        raise LibraryError(
            f"{lost} of {known} files known in {_place(root, below)} are gone at once. "
            f"Is a disk missing? Nothing was changed. {_WAY_OUT.format(root=root.name)}"
        )


def _place(root: Root, below: bytes) -> str:
    return f"{root.address}/{LibraryPath(root.name, below).display}" if below else root.address


def check_removed_root(name: str, *, known: int, changes: Iterable[Change], limits: LossLimits) -> None:
    """Raise if a root left the settings and its files did not turn up under another name.

    The demo library goes as soon as there is another.

    Parameters
    ----------
    known : int
        Files of the root that were not let go by an earlier scan.

    Raises
    ------
    LibraryError
        Naming the root and what to do.
    """
    if name == DEMO_ROOT:
        return
    lost = _count_lost(name, changes)
    if lost and (lost == known or (lost >= limits.files and lost > limits.share * known)):
        raise LibraryError(
            f"EARWISE_LIBRARY does not name the root {name!r} any more, of which {known} files are known. "
            f"Is the setting the same for every process? Nothing was changed. {_WAY_OUT_OF_SETTINGS}"
        )


def _count_lost(root: str, changes: Iterable[Change]) -> int:
    """Vanished files of a root that did not turn up elsewhere in the library with the same size and time.

    Not those that an earlier scan let go, which knew where they were: that may be written by now, and is nothing new.
    """
    before, after = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for change in changes:
        # Only what is new: a file that stayed where it was is not where another one went.
        added = (change.files[name] for name in change.added)
        after.update((entry.size_bytes, entry.mtime_ns) for entry in added)
        if change.location.root == root:
            lost = (entry for entry in change.vanished.values() if not entry.is_leaving)
            before.update((entry.size_bytes, entry.mtime_ns) for entry in lost)
    return (before - after).total()
