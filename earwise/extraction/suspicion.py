"""Decides whether so many failures are the files' fault or the decoder's."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from earwise.errors import BrokenDecoderError, TrackError, UnreadableFileError
from earwise.extraction.messages import Analysis, Job
from earwise.extraction.pool import analyse_files
from earwise.extraction.reference import concerns, format_of, write_reference_clips
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings

log = logging.getLogger(__name__)

# Of so many files, more than half failing raises the question whether the decoder works at all; so do as many failures
# of a format one after the other.
SUSPICIOUS_COUNT = 20


class Tally:
    """Counts by format what a batch has tried and what of it failed.

    Attributes
    ----------
    files : set of LibraryPath
        All that was tried.
    """

    def __init__(self) -> None:
        self.files: set[LibraryPath] = set()
        self._tried, self._failed, self._decoded = Counter[str](), Counter[str](), Counter[str]()
        self._failed_last = Counter[str]()  # since the last one that was decoded
        self._decoded_before = dict[LibraryPath, int]()  # each failure

    def __len__(self) -> int:
        return len(self.files)

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return self._failed.total()

    @property
    def suspicious_formats(self) -> set[str]:
        """Formats so many of whose files failed that the decoder may be at fault; all of them if so many did at all."""
        if _are_many(self._failed.total(), self._tried.total()):
            return set(self._failed)
        return {
            name
            for name, count in self._failed.items()
            if _are_many(count, self._tried[name]) or self._failed_last[name] >= SUSPICIOUS_COUNT
        }

    def add(self, outcomes: Iterable[tuple[LibraryPath, Analysis | TrackError]]) -> None:
        """Count some more, in the order in which they ended."""
        for file, outcome in outcomes:
            self.files.add(file)
            name = format_of(file.name)
            self._tried[name] += 1
            if isinstance(outcome, TrackError):
                self._failed[name] += 1
                self._failed_last[name] += 1
                self._decoded_before[file] = self._decoded[name]
            elif outcome.vectors:  # a recording that is known says nothing of its decoder
                self._decoded[name] += 1
                self._failed_last[name] = 0

    def is_fault_of(self, file: LibraryPath, error: TrackError) -> bool:
        """Whether a failure is the file's own for sure: its format's decoder worked on, and no disk can be away.

        While it is not, the failure waits for the end of the batch. Several files are analysed at once, so that one
        success after a failure may have begun before it; of so many, most have not.
        """
        since = self._decoded[format_of(file.name)] - self._decoded_before[file]
        return since >= SUSPICIOUS_COUNT and not isinstance(error, UnreadableFileError)


def check_decoder(tally: Tally, settings: Settings, config: MfccConfig) -> None:
    """Decode clips that are known to be good when more than half of the files fail, or of those of one format.

    Raises
    ------
    BrokenDecoderError
        If a clip fails too, and files of its format are among those that failed.
    """
    formats = tally.suspicious_formats
    if not formats:
        return
    broken = _decode_clips(settings, config)
    for name, error in broken.items():
        if concerns(name, formats):
            raise BrokenDecoderError(
                f"{tally.failures} of {len(tally)} files failed, and so did reference.{name}, which is known to be "
                f"good: {error} Nothing was quarantined for that."
            )
        log.warning("decoder broken for a format that no failed file has: %s", error, extra=fields(format=name))


def _are_many(failed: int, total: int) -> bool:
    return total >= SUSPICIOUS_COUNT and failed > total / 2


def _decode_clips(settings: Settings, config: MfccConfig) -> dict[str, TrackError]:
    """What became of the clips that failed, by format."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            clips = write_reference_clips(Path(folder))
        except Exception as error:  # whatever it is, the audio library does not work
            raise BrokenDecoderError(f"No reference clip can be written: {error}") from error
        roots = (Root("reference", Path(folder)),)
        jobs = [Job(LibraryPath("reference", clip.rpartition(b"/")[2]), roots, (config,)) for clip in clips]
        outcomes = analyse_files(
            jobs,
            processes=settings.extract_processes,
            timeout_s=settings.decode_timeout_s,
            known_versions=lambda audio_id: frozenset(),
        )
        return {format_of(job.file.name): outcome for job, outcome in outcomes if isinstance(outcome, TrackError)}
