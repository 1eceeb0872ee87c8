"""Around a training run: whether it makes sense, whether its model is good enough, and letting readers see it."""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from earwise.clustering.assigning import assign_tracks
from earwise.clustering.gates import find_regressions
from earwise.errors import ModelNotFoundError, TooFewTracksError, TrainingDataError
from earwise.log import fields
from earwise.ranking.artefact import prune_artefacts, prune_snapshots
from earwise.store import Store
from earwise.store.model_runs import ModelRun, ModelStatus

log = logging.getLogger(__name__)


def free_model_id(store: Store, dag_run_id: str) -> str:
    """The model id for a Dag run, with a number behind it where an earlier pass of the same run was finished."""
    first = model_id_of(dag_run_id)
    for number in itertools.count(1):
        model_id = first if number == 1 else f"{first}-{number}"
        run = store.model_runs.get(model_id)
        if run is None or run.status in (ModelStatus.TRAINING, ModelStatus.FAILED):
            return model_id
    raise AssertionError("unreachable")


def model_id_of(dag_run_id: str) -> str:
    """The model id of a Dag run's first pass: the same for its retries, another for every other run.

    >>> model_id_of("manual__2026-01-31T12:00:00+00:00")
    'm20260131120000-cce451'
    """
    digest = hashlib.sha256(dag_run_id.encode()).hexdigest()[:6]
    digits = "".join(re.findall(r"\d", dag_run_id))[:14]
    return f"m{digits}-{digest}"


def check_enough_tracks(store: Store, feature_version: str, min_tracks: int) -> int:
    """An upper bound of the tracks that can be trained on, of which `min_tracks` are there for certain.

    Raises
    ------
    TooFewTracksError
        If fewer than `min_tracks` ready tracks have features of this version.
    """
    tracks = min(store.features.count(feature_version), store.tracks.count_ready())
    if tracks >= min_tracks:
        # Features may be of tracks that are gone, and ready tracks wait for features of a new version.
        usable = (track_id for track_id in store.tracks.ready_ids() if store.features.has(track_id, feature_version))
        if (found := sum(1 for _ in itertools.islice(usable, min_tracks))) < min_tracks:
            tracks = found
    if tracks < min_tracks:
        raise TooFewTracksError(
            f"{tracks} tracks have been analysed so far; training starts at {min_tracks} (EARWISE_MIN_TRACKS)."
        )
    return tracks


def check_trained(store: Store, model_id: str) -> None:
    """Look whether training came to a model at all.

    Raises
    ------
    ModelNotFoundError
        If there is no such run.
    TrainingDataError
        If nothing could be learned from the features.
    """
    run = _require_run(store, model_id)
    if run.status is ModelStatus.FAILED:
        raise TrainingDataError(" ".join(run.reasons) or f"The training of {model_id} failed.")


def judge_model(store: Store, model_id: str) -> tuple[str, ...]:
    """Hold a candidate against the model that is served; a worse one is marked as rejected.

    Returns
    -------
    tuple of str
        Why it is not to be published; empty where it may be.

    Raises
    ------
    ModelNotFoundError
        If the candidate is not known.
    """
    challenger, champion = _require_run(store, model_id), store.models.active_run()
    # A served model whose parts are lost is none that anybody could go on with.
    if champion is None or champion.model_id == model_id or not store.model_parts.is_whole(champion.model_id):
        return ()
    reasons = find_regressions(champion, challenger)
    if reasons:
        store.model_runs.mark_rejected(model_id, reasons)
        log.warning("model rejected", extra=fields(model_id=model_id, champion=champion.model_id, reasons=reasons))
    return reasons


def publish_model(store: Store, model_id: str, now: datetime, *, keep: int, model_folder: Path) -> ModelRun:
    """Flip the pointer to a trained model, then prune old ones.

    Raises
    ------
    ModelNotFoundError
        If the model is not whole.
    """
    activate_model(store, model_id, now, model_folder=model_folder)
    pruned = prune_models(store, keep=keep, model_folder=model_folder)
    run = _require_run(store, model_id)
    for trial in run.trials:
        log.info("k=%d silhouette=%.4f training_cost=%.4f", trial.k, trial.silhouette, trial.training_cost)
    log.info("published %s: %d tracks in %d clusters; pruned %s", model_id, run.tracks, run.k, pruned or "nothing")
    return run


def activate_model(store: Store, model_id: str, now: datetime, *, model_folder: Path) -> None:
    """Let readers see a model, with every track that is ready.

    Tracks that came after its training are assigned before, so that readers miss none, and again after the flip, for
    those that an extraction gave to the model before in the meantime.

    Raises
    ------
    ModelNotFoundError
        If the model or its files are gone.
    """
    if not store.model_parts.is_whole(model_id):
        raise ModelNotFoundError(f"There is no complete model {model_id!r} to activate.")
    assign_tracks(store, model_folder, model_id)
    store.models.activate(model_id, now)
    assign_tracks(store, model_folder, model_id)


def prune_models(store: Store, *, keep: int, model_folder: Path) -> list[str]:
    """Delete all but the newest models with their files and snapshots; returns whose parts were deleted."""
    pruned = store.models.prune(keep)
    kept = store.model_parts.whole_ids()
    prune_artefacts(model_folder, keep=kept)
    runs = filter(None, map(store.model_runs.get, [*kept, *store.model_runs.in_training()]))
    prune_snapshots(model_folder, keep={run.snapshot for run in runs})
    return pruned


def _require_run(store: Store, model_id: str) -> ModelRun:
    run = store.model_runs.get(model_id)
    if run is None:
        raise ModelNotFoundError(f"There is no run record of model {model_id!r}.")
    return run


def run_summary(run: ModelRun) -> dict[str, object]:
    """What the asset event and the task's log say of a run: what every k gave, and its lists' quality."""
    return {
        "model_id": run.model_id,
        "feature_version": run.feature_version,
        "tracks": run.tracks,
        "k": run.k,
        "seed": run.seed,
        "silhouette": {str(trial.k): round(trial.silhouette, 4) for trial in run.trials},
        "training_cost": {str(trial.k): round(trial.training_cost, 4) for trial in run.trials},
        "sizes": {str(trial.k): list(trial.sizes) for trial in run.trials},
        "seconds": {str(trial.k): round(trial.seconds, 2) for trial in run.trials},
        "quality": asdict(run.quality) if run.quality else None,
    }
