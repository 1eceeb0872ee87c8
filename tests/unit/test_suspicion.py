"""Which failures are the files' own, and when the decoder is doubted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import batched

import numpy as np

from earwise.errors import DecodeError, TrackError, UnreadableFileError
from earwise.extraction.messages import Analysis
from earwise.extraction.suspicion import SUSPICIOUS_COUNT, Tally
from earwise.paths import LibraryPath
from earwise.tags import Tags

ERROR = DecodeError("This is no audio.")
HEARD = Analysis("00", Tags("Ivory"), 60.0, {"mfcc-test": np.ones(3, np.float32)}, "test", 1000)
KNOWN = Analysis("00", Tags("Ivory"), 60.0, {}, "", 1000)


def files(count: int, ending: str = "mp3", first: int = 0) -> list[LibraryPath]:
    return [LibraryPath("music", f"{number}.{ending}".encode()) for number in range(first, first + count)]


def ended(
    some: Iterable[LibraryPath], outcome: Analysis | TrackError = HEARD, *, failed: Iterable[LibraryPath] = ()
) -> Iterator[tuple[LibraryPath, Analysis | TrackError]]:
    """All with this outcome, but for those that failed."""
    bad = set(failed)
    return ((file, ERROR if file in bad else outcome) for file in some)


def test_failure_is_the_files_own_once_the_decoder_worked_on() -> None:
    tally, bad = Tally(), LibraryPath("music", b"bad.mp3")
    tally.add(ended(files(100)))
    tally.add([(bad, ERROR)])
    assert not tally.is_fault_of(bad, ERROR)
    tally.add(ended(files(SUSPICIOUS_COUNT, "ogg")))
    assert not tally.is_fault_of(bad, ERROR), "another format's decoder"
    tally.add(ended(files(200, first=100), KNOWN))
    assert not tally.is_fault_of(bad, ERROR), "these were not decoded"
    tally.add(ended(files(SUSPICIOUS_COUNT, first=300)))
    assert tally.is_fault_of(bad, ERROR)
    assert not tally.is_fault_of(bad, UnreadableFileError("The disk is away."))
    assert tally.suspicious_formats == set()


def test_decoder_that_breaks_in_mid_batch_quarantines_nothing_and_is_doubted() -> None:
    tally = Tally()
    tally.add(ended(files(4_000)))
    broken, known = files(900, first=4_000), files(300, first=9_000)
    for group, copies in zip(batched(broken, 90), batched(known, 30), strict=True):
        tally.add(ended(group, ERROR))
        tally.add(ended(copies, KNOWN))
    assert not any(tally.is_fault_of(file, ERROR) for file in broken)
    assert tally.suspicious_formats == {"mp3"}


def test_files_are_doubted_where_more_than_half_failed_and_not_in_vain() -> None:
    tally = Tally()
    for group in batched(files(600), 30):
        tally.add(ended(group, failed=group[: SUSPICIOUS_COUNT - 1]))
    assert tally.suspicious_formats == {"mp3"}
    tally = Tally()
    for group in batched(files(600), 60):
        tally.add(ended(group, failed=group[:SUSPICIOUS_COUNT]))
    assert tally.suspicious_formats == set()
