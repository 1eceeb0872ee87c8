"""Decides whether so many failures are the files' fault or the decoder's."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from earwise.errors import BrokenDecoderError, TrackError
from earwise.extraction.messages import Job
from earwise.extraction.pool import analyse_files
from earwise.extraction.reference import concerns, format_of, write_reference_clips
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.settings import Settings

log = logging.getLogger(__name__)

# Of so many files, more than half failing raises the question whether the decoder works at all.
SUSPICIOUS_COUNT = 20


def check_decoder(
    files: Collection[LibraryPath], failed: Collection[LibraryPath], settings: Settings, config: MfccConfig
) -> None:
    """Decode clips that are known to be good when more than half of the files fail, or of those of one format.

    Raises
    ------
    BrokenDecoderError
        If a clip fails too, and files of its format are among those that failed.
    """
    formats = _suspicious_formats(files, failed)
    if not formats:
        return
    broken = _decode_clips(settings, config)
    for name, error in broken.items():
        if concerns(name, formats):
            raise BrokenDecoderError(
                f"{len(failed)} of {len(files)} files failed, and so did reference.{name}, which is known to be good: "
                f"{error} Nothing was quarantined."
            )
        log.warning("decoder broken for a format that no failed file has: %s", error, extra=fields(format=name))


def _suspicious_formats(files: Collection[LibraryPath], failed: Collection[LibraryPath]) -> set[str]:
    total = Counter(format_of(file.name) for file in files)
    failures = Counter(format_of(file.name) for file in failed)
    if _are_many(len(failed), len(files)):
        return set(failures)
    return {name for name, count in failures.items() if _are_many(count, total[name])}


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
