"""What a worker process and its parent say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.settings import Root


@dataclass(frozen=True, slots=True)
class Job:
    """A file to analyse, and the roots by which it is found."""

    file: LibraryPath
    roots: tuple[Root, ...]
    config: MfccConfig


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its libraries."""


@dataclass(frozen=True, slots=True)
class Question:
    """Are the features of this recording known?"""

    audio_id: str
