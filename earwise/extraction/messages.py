"""What a worker process and its parent say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.settings import Root


@dataclass(frozen=True, slots=True)
class Job:
    """A file to analyse, the roots by which it is found, and what to measure of it."""

    file: LibraryPath
    roots: tuple[Root, ...]
    configs: tuple[MfccConfig, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its libraries."""


@dataclass(frozen=True, slots=True)
class Question:
    """In which feature versions has this recording been measured? The answer is a frozenset of str."""

    audio_id: str
