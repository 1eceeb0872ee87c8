"""What to tell a listener who waits for the first model."""

from __future__ import annotations

from dataclasses import dataclass

from earwise.store.extraction_runs import ExtractionRun


@dataclass(frozen=True, slots=True)
class Wait:
    """Why there are no recommendations yet; `done` of `planned` where something is being counted."""

    headline: str
    sentence: str
    dag_id: str
    done: int | None = None
    planned: int = 0


def describe_wait(run: ExtractionRun | None) -> Wait:
    """What is happening before the first model, told from the latest extraction run."""
    if run is None:
        return Wait(
            "Waiting for the first look at the library",
            "Earwise looks for music every 15 minutes. As soon as it finds some it starts to listen.",
            "extract_features",
        )
    if run.finished_at is None:
        return Wait(
            "Listening to the library",
            f"{run.done:,} of {run.planned:,} files heard. Recommendations come after the training that follows.",
            "extract_features",
            run.done,
            run.planned,
        )
    return Wait(
        "Everything is heard; training comes next",
        "Learning which tracks sound alike takes a few minutes. It starts every night at 02:00 UTC, or by hand.",
        "train_clusters",
    )
