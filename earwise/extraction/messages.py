"""What a worker process and its parent say to each other.

Nothing here imports an audio library: the parent, a task of Airflow's, needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root
from earwise.store.vectors import Vector
from earwise.tags import Tags


@dataclass(frozen=True, slots=True)
class Former:
    """The recording that a smaller file was found to hold at the same place, and that file's bytes."""

    track_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Known:
    """The recording that a file of so many bytes was found to hold before, so that only its tags are read again."""

    track_id: str
    duration_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """A file to analyse, the roots by which it is found, what to measure of it, and what it may have grown from.

    Attributes
    ----------
    fetching_s : float
        Seconds that bringing it here may take, from a bucket or an archive; 0 for a file that can be opened in place.
    known : Known or None
        Where only the tags are to be read, as long as the file states any.
    """

    file: LibraryPath
    roots: tuple[Root, ...]
    configs: tuple[MfccConfig, ...]
    former: Former | None = None
    fetching_s: float = 0.0
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its libraries."""


@dataclass(frozen=True, slots=True)
class Question:
    """In which feature versions has this recording been measured? The answer is a frozenset of str."""

    audio_id: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found out about a file.

    Attributes
    ----------
    vectors : dict of str to ndarray [shape=(n_features,), dtype=float32]
        Summary vectors by feature version; empty where the recording's features were known and nothing was decoded.
    decoder : str
        Which decoder gave the samples; empty where none was needed.
    size_bytes : int
        The file's bytes when its recording was identified.
    has_grown : bool
        Whether the file begins with the one that it may have grown from.
    """

    audio_id: str
    tags: Tags
    duration_s: float
    vectors: Mapping[str, Vector]
    decoder: str
    size_bytes: int
    has_grown: bool = False
