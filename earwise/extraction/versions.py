"""What files are analysed as, and which feature versions tracks are measured in while one follows another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Container, Iterable
from datetime import datetime

from earwise.extraction.patience import patiently
from earwise.features.config import MfccConfig
from earwise.log import fields
from earwise.root import Root
from earwise.store import Store
from earwise.store.folders import FileEntry
from earwise.tags import TAGS_VERSION

log = logging.getLogger(__name__)

#: Recordings of a version that are read at once, before a batch: half a second.
MOST_IN_MEMORY = 50_000
# Larger MP3s were identified by all of their bytes at first, and by blocks of them since (ADR 5).
_LARGE_MP3_BYTES = 2 << 20
# Stands before the version of tags in what a file was analysed as; at first there was but one version, and no mark.
_TAGS_MARK = "~"


def analysed_as(config: MfccConfig, name: bytes, entry: FileEntry) -> str:
    """What stands with a file once it is analysed: as what it was heard, and which version of tags was read.

    >>> analysed_as(MfccConfig(), b"a.mp3", FileEntry(900_000, 0)).removeprefix(MfccConfig().feature_version)
    '~2'
    """
    return f"{_heard_as(config, name, entry)}{_TAGS_MARK}{TAGS_VERSION}"


def is_analysed(config: MfccConfig, name: bytes, entry: FileEntry) -> bool:
    """Whether a file needs no analysis: nothing of it, nor of what is made of it, has changed."""
    return entry.analysed_version == analysed_as(config, name, entry) or (
        # Of what is no track nobody sees the tags.
        entry.track_id is None and is_heard(config, name, entry)
    )


def roots_in_place(roots: Iterable[Root]) -> frozenset[str]:
    """Names of the roots whose files are read where they are."""
    return frozenset(root.name for root in roots if root.is_folder)


def done_rule(root: str, in_place: Container[str]) -> Callable[[MfccConfig, bytes, FileEntry], bool]:
    """Which files of a root a run leaves alone: for its tags none is fetched from a bucket or an archive once more.

    Parameters
    ----------
    in_place : container of str
        As `roots_in_place` names them.
    """
    return is_analysed if root in in_place else is_heard


def is_heard(config: MfccConfig, name: bytes, entry: FileEntry) -> bool:
    """Whether the audio of a file needs no analysis, though its tags may not have been read as they would be now."""
    version = entry.analysed_version
    return version is not None and version.partition(_TAGS_MARK)[0] == _heard_as(config, name, entry)


def _heard_as(config: MfccConfig, name: bytes, entry: FileEntry) -> str:
    """The feature version, and how the file's kind is identified if that is new.

    A file that was heard otherwise is analysed again, so that its track is known by the new id, and what listeners made
    of it follows, before anybody gives it other tags.

    >>> _heard_as(MfccConfig(), b"a.mp3", FileEntry(9_000_000, 0)).removeprefix(MfccConfig().feature_version)
    '.2'
    >>> _heard_as(MfccConfig(), b"a.mp3", FileEntry(900_000, 0)).removeprefix(MfccConfig().feature_version)
    ''
    """
    is_large_mp3 = entry.size_bytes > _LARGE_MP3_BYTES and name.lower().endswith(b".mp3")
    return f"{config.feature_version}.2" if is_large_mp3 else config.feature_version


def note_version(store: Store, config: MfccConfig, now: datetime) -> None:
    """Store what the version means that is going to be extracted, before the first features of it."""
    store.feature_versions.put(config.feature_version, config.parameters, now)


def known_versions(store: Store, versions: Collection[str]) -> Callable[[str], frozenset[str]]:
    """Answers in which of these versions a recording is measured: from memory, or one by one where that are many.

    Each question to the store costs a millisecond, of the 25 of a clip. What others measure meanwhile is measured
    twice, which harms nothing.
    """
    known = {version: frozenset(store.features.audio_ids(version, most=MOST_IN_MEMORY + 1)) for version in versions}
    if any(len(ids) > MOST_IN_MEMORY for ids in known.values()):
        return lambda audio_id: patiently(lambda: store.features.versions_of(audio_id, versions))
    return lambda audio_id: frozenset(version for version, ids in known.items() if audio_id in ids)


def needed_configs(store: Store, config: MfccConfig) -> tuple[MfccConfig, ...]:
    """The current configuration, and behind it that of the model being served if it is another.

    A served model's version is left out where this code can't compute it: the model serves on, without new tracks,
    until training moves to the current version.
    """
    run = store.models.active_run()
    if run is None or run.feature_version == config.feature_version:
        return (config,)
    parameters = store.feature_versions.get(run.feature_version)
    served = MfccConfig.from_parameters(parameters) if parameters else None
    if served is None:
        log.info("new tracks wait for the next model", extra=fields(feature_version=run.feature_version))
        return (config,)
    return (config, served)
