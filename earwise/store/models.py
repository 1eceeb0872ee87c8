"""Models: the pointer that says which one readers see, and what is done to whole models.

Everything of a model is written under its own id first; then one document flips. Readers ask for the active id once
and read only documents of that id, so they see one model or the other, never a mix.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from earwise.errors import ModelNotFoundError
from earwise.store.model_parts import ModelParts
from earwise.store.model_runs import ModelRun, ModelRuns
from earwise.store.translation import translated_errors


class Models:
    """The ``active`` pointer over the models that `runs` and `parts` hold."""

    def __init__(self, database: Database[dict[str, Any]], runs: ModelRuns, parts: ModelParts) -> None:
        self._active = database["active"]
        self._runs = runs
        self._parts = parts

    @translated_errors()
    def active_id(self) -> str | None:
        """Id of the model that readers see, or None before the first."""
        document = self._active.find_one({"_id": "model"})
        return document["model_id"] if document else None

    def require_active_id(self) -> str:
        """Id of the model that readers see.

        Raises
        ------
        ModelNotFoundError
            Before the first model is published.
        """
        model_id = self.active_id()
        if model_id is None:
            raise ModelNotFoundError("No model has been published yet.")
        return model_id

    def active_run(self) -> ModelRun | None:
        """The training run of the model that readers see; None before the first, or where its record is lost."""
        model_id = self.active_id()
        return self._runs.get(model_id) if model_id else None

    @translated_errors()
    def activate(self, model_id: str, now: datetime) -> None:
        """Let readers see this model.

        Raises
        ------
        ModelNotFoundError
            If no run of this id was completed, or its documents were pruned.
        """
        self._require_whole(model_id)
        # Before the flip, so that one that readers see is never taken for one that nobody ever saw.
        self._runs.mark_published(model_id, now)
        free = {"_id": "model", "pruning": {"$ne": model_id}}
        try:
            self._active.update_one(free, {"$set": {"model_id": model_id, "since": now}}, upsert=True)
        except DuplicateKeyError:
            raise ModelNotFoundError(f"Model {model_id!r} is being deleted.") from None
        self._runs.mark_active(model_id)

    def discard_abandoned(self, own_id: str) -> list[str]:
        """Remove what killed runs left: of training, publishing and pruning.

        Parameters
        ----------
        own_id : str
            The run that asks; only one trains or prunes at a time, so every other that seems to was killed.

        Returns
        -------
        list of str
            The runs that were killed in training, and that nobody took up.
        """
        abandoned = [model_id for model_id in self._runs.in_training() if model_id != own_id]
        for model_id in abandoned:
            self._parts.delete(model_id)
            self._runs.mark_failed(model_id)
        self._parts.delete_all_but({*self._parts.whole_ids(), own_id})
        self._active.update_one({"_id": "model"}, {"$unset": {"pruning": ""}})
        return abandoned

    def prune(self, keep: int) -> list[str]:
        """Delete the parts of all models but the last `keep` that were published, and the newest that was not.

        Models that were rejected, or never meant for readers, take no place of those that one may go back to.

        Returns
        -------
        list of str
            The models whose parts were deleted; their run records are kept.
        """
        whole = self._parts.whole_ids()
        published = [model_id for model_id in self._runs.published_ids() if model_id in whole]
        unpublished = [model_id for model_id in self._runs.unpublished_ids() if model_id in whole]
        pruned = []
        for model_id in (*published[keep:], *unpublished[1:]):
            if self._claim(model_id):
                self._parts.delete(model_id)
                self._active.update_one({"_id": "model"}, {"$pull": {"pruning": model_id}})
                pruned.append(model_id)
        return pruned

    def overview(self, newest: int) -> list[ModelRun]:
        """The newest training runs, and those older ones whose models are kept; newest first."""
        runs = self._runs.recent(newest)
        shown = {run.model_id for run in runs}
        return [*runs, *self._runs.of(self._parts.whole_ids() - shown)]

    def _claim(self, model_id: str) -> bool:
        """Whether readers see another model; if so, nobody can have them see this one until it is deleted.

        In one step on the pointer, since somebody may go back to a model while others are being deleted.
        """
        other = {"_id": "model", "model_id": {"$ne": model_id}}
        claimed = self._active.update_one(other, {"$addToSet": {"pruning": model_id}})
        return bool(claimed.matched_count) or self.active_id() is None

    def _require_whole(self, model_id: str) -> None:
        if not self._parts.is_whole(model_id):
            raise ModelNotFoundError(f"There is no complete model {model_id!r} to activate.")
