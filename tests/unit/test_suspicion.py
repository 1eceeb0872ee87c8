"""Which failures are the files' own, and when the decoder is doubted."""

from __future__ import annotations

from itertools import batched

from earwise.errors import DecodeError, UnreadableFileError
from earwise.extraction.suspicion import SUSPICIOUS_COUNT, Tally
from earwise.paths import LibraryPath

ERROR = DecodeError("This is no audio.")


def files(count: int, ending: str = "mp3", first: int = 0) -> list[LibraryPath]:
    return [LibraryPath("music", f"{number}.{ending}".encode()) for number in range(first, first + count)]


def test_failure_is_the_files_own_once_the_decoder_worked_on() -> None:
    tally, bad = Tally(), LibraryPath("music", b"bad.mp3")
    tally.add(files(100), [])
    tally.add([bad], [bad])
    assert not tally.is_fault_of(bad, ERROR)
    tally.add(files(SUSPICIOUS_COUNT, "ogg"), [])
    assert not tally.is_fault_of(bad, ERROR), "another format's decoder"
    tally.add(files(SUSPICIOUS_COUNT, first=100), [])
    assert tally.is_fault_of(bad, ERROR)
    assert not tally.is_fault_of(bad, UnreadableFileError("The disk is away."))
    assert tally.suspicious_formats == set()


def test_decoder_that_breaks_in_mid_batch_quarantines_nothing_and_is_doubted() -> None:
    tally = Tally()
    tally.add(files(4_000), [])
    broken = files(900, first=4_000)
    for group in batched(broken, 100):
        tally.add(group, group)
        assert not any(tally.is_fault_of(file, ERROR) for file in broken[: len(tally) - 4_000])
    assert tally.suspicious_formats == {"mp3"}


def test_files_are_not_doubted_in_vain() -> None:
    tally = Tally()
    for group in batched(files(600), 30):
        tally.add(group, group[: SUSPICIOUS_COUNT - 1 :])
    assert tally.suspicious_formats == {"mp3"}, "more than half failed"
    tally = Tally()
    for group in batched(files(600), 60):
        tally.add(group, group[:SUSPICIOUS_COUNT])
    assert tally.suspicious_formats == set()
