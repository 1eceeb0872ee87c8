"""Which recordings a batch is measuring or has measured: of copies that come together, one is listened to."""

from __future__ import annotations

from collections.abc import Callable

from earwise.errors import TrackError
from earwise.extraction.messages import Analysis, Job


class Recordings:
    """Answers what workers ask.

    Parameters
    ----------
    stored_versions : callable
        The feature versions in which a recording has been measured before, by ``audio_id``.
    """

    def __init__(self, stored_versions: Callable[[str], frozenset[str]]) -> None:
        self._stored_versions = stored_versions
        self._under_way: dict[str, Job] = {}
        self._measured: dict[str, frozenset[str]] = {}

    def known_versions(self, audio_id: str, job: Job) -> frozenset[str] | None:
        """The versions in which the recording in a file is measured; None while a copy of it is listened to.

        Where one is missing, the file counts as being listened to until `settle`.
        """
        known = self._stored_versions(audio_id) | self._measured.get(audio_id, frozenset())
        if known.issuperset(_wanted(job)):
            return known
        if self._under_way.setdefault(audio_id, job) is not job:
            return None
        return known

    def settle(self, job: Job, outcome: Analysis | TrackError) -> None:
        """Note what became of a file; should it have failed, the next copy is listened to."""
        for audio_id in [audio_id for audio_id, other in self._under_way.items() if other is job]:
            del self._under_way[audio_id]
        # Where its tags alone were read, what is stored tells in which versions it is measured.
        if isinstance(outcome, Analysis) and (outcome.vectors or not job.known):
            # Those that it has no vector for can't be measured of this audio.
            self._measured[outcome.audio_id] = _wanted(job)


def _wanted(job: Job) -> frozenset[str]:
    return frozenset(config.feature_version for config in job.configs)
