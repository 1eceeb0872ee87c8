"""Gates: whether a new model is as good as the one that is served.

A challenger is published unless one of its figures is worse than the champion's by more than a tolerance. To each share
two standard errors of the difference are added, since a library of 50 tracks has shares that jump by chance; not to
recall, which a search has or lacks whatever the library. A figure that one of the two lacks, as precision where no tags
carry a genre, closes no gate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from earwise.store.model_runs import ModelRun

LEAST_SHARE_OF_TRACKS = 0.9
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure of `Quality`, a share, and how much worse it may become.

    Attributes
    ----------
    text : str
        What people call the figure.
    tolerance : float
        On top of what chance explains.
    is_better_high : bool
        Whether more of it is better.
    has_chance : bool
        Whether it jumps by chance where tracks are few.
    """

    figure: str
    text: str
    tolerance: float
    is_better_high: bool = True
    has_chance: bool = True


GATES = (
    Gate("recall_at_10", "recall of the top ten", 0.005, has_chance=False),
    Gate("orphan_share", "share of tracks in nobody's top ten", 0.01, is_better_high=False),
    Gate("coverage", "share of the library that is recommended", 0.01),
    Gate("genre_precision_at_10", "share of recommendations of the same genre", 0.02),
)


def find_regressions(champion: ModelRun, challenger: ModelRun) -> tuple[str, ...]:
    """Why a challenger is not to replace a champion, each reason one sentence; none where it may.

    Parameters
    ----------
    champion : ModelRun
        Of the model that is served.
    """
    reasons = []
    if challenger.tracks < LEAST_SHARE_OF_TRACKS * champion.tracks:
        reasons.append(
            f"It knows {challenger.tracks:,} tracks, fewer than {LEAST_SHARE_OF_TRACKS:.0%} of the {champion.tracks:,}"
            " before."
        )
    reasons += [reason for gate in GATES if (reason := _check(gate, champion, challenger))]
    return tuple(reasons)


def _check(gate: Gate, champion: ModelRun, challenger: ModelRun) -> str:
    before, now = (getattr(run.quality, gate.figure, None) for run in (champion, challenger))
    if before is None or now is None:
        return ""
    worse = before - now if gate.is_better_high else now - before
    variance = _variance(before, champion.tracks) + _variance(now, challenger.tracks)
    allowed = gate.tolerance + (_STANDARD_ERRORS * math.sqrt(variance) if gate.has_chance else 0.0)
    if worse <= allowed:
        return ""
    return f"The {gate.text} went from {before:.3f} to {now:.3f}; {allowed:.3f} worse is tolerated."


def _variance(share: float, tracks: int) -> float:
    return max(share * (1 - share), 0) / max(tracks, 1)
