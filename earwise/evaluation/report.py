"""What an evaluation says: as one JSON object, and as lines for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from earwise.evaluation.evaluate import Comparison, LabelFigures
from earwise.evaluation.folders import FolderComparison
from earwise.store.model_runs import ListFigures

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured of a collection."""

    tracks: int
    lists: ListFigures
    labels: LabelFigures | None
    folders: FolderComparison | None

    def as_document(self) -> dict[str, Any]:
        """The JSON object that the README documents; None for what does not apply."""
        labels = self.labels
        document = {
            "tracks": self.tracks,
            **asdict(self.lists),
            "genre_precision_at_10": asdict(labels.precision_at_10) if labels else None,
            "genre_accuracy_10nn": asdict(labels.accuracy_10nn) if labels else None,
            "same_folder": asdict(self.folders) if self.folders else None,
        }
        rounded: dict[str, Any] = _rounded(document)
        return rounded

    def as_text(self) -> str:
        """A line for each figure."""
        lines = [
            f"Tracks                {self.tracks}",
            f"Recall at 10          {_say(self.lists.recall_at_10)}",
            f"Hub skewness at 10    {_say(self.lists.hub_skew_at_10)}",
            f"In nobody's top ten   {_say(self.lists.orphan_share)}",
            f"In somebody's list    {_say(self.lists.coverage)}",
        ]
        if self.labels:
            lines.append(f"Genre precision at 10 {_compare(self.labels.precision_at_10)}")
            lines.append(f"Genre accuracy 10-NN  {_compare(self.labels.accuracy_10nn)}")
        if self.folders:
            for name, figures in asdict(self.folders).items():
                said = f"P@1 {_say(figures['p1'])}  P@5 {_say(figures['p5'])}" if figures else "not installed"
                lines.append(f"Same folder           {name}: {said}")
        return "\n".join(lines)


def _say(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def _compare(comparison: Comparison) -> str:
    return ", ".join(f"{name} {_say(figure)}" for name, figure in asdict(comparison).items())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value
