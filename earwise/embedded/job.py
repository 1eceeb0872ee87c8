"""The main job: extraction and training through Airflow's scheduler, watched to the end of exactly those runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from earwise.embedded.airflow_api import AirflowApi, is_finished
from earwise.embedded.progress import Progress, Step
from earwise.errors import EarwiseError, PartError
from earwise.settings import EXTRACTION_POOL
from earwise.store import Store
from earwise.store.extraction_runs import ExtractionRun
from earwise.store.model_runs import ModelRun, ModelStatus

EXTRACTION = "extract_features"
TRAINING = "train_clusters"
_PLACING = "assign"
_POLL_S = 0.5
_DISCOVERY_LIMIT_S = 120
_LOG_LINES = 15
_CUT_SHORT = "Ended by ./run: the start before was cut short. What it left is done by the run that follows."


class RunFailedError(PartError):
    """A Dag run failed; the message names the task and carries the end of its log.

    Attributes
    ----------
    tasks : frozenset of str
        The tasks that failed.
    """

    def __init__(self, message: str, tasks: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.tasks = tasks


@dataclass(frozen=True, slots=True)
class JobReport:
    """What the main job did.

    Attributes
    ----------
    extraction : ExtractionRun or None
        None if nothing was new.
    model : ModelRun or None
        The model that this job trained, if it did.
    """

    extraction: ExtractionRun | None
    extract_s: float
    model: ModelRun | None
    train_s: float


def ensure_extraction_pool(api: AirflowApi) -> None:
    """Make the pool that batches run in, which wait for ever where there is none."""
    api.ensure_pool(EXTRACTION_POOL, slots=1, description="One slot for each machine that analyses tracks")


def run_job(
    api: AirflowApi,
    store: Store,
    progress: Progress,
    *,
    stack_began: datetime | None = None,
    check: Callable[[], None] = lambda: None,
) -> JobReport:
    """Unpause both DAGs, extract, and train where there is something to learn.

    Parameters
    ----------
    stack_began : datetime or None
        When this Airflow was started: no task of an earlier Dag run is alive any more.
    check : callable
        Asked again and again while the job goes on; what it raises ends the job.

    Raises
    ------
    RunFailedError
        If a Dag run fails.
    """
    _wait_for_dags(api, progress)
    ensure_extraction_pool(api)
    for dag_id in (EXTRACTION, TRAINING):
        if stack_began is not None:
            for run_id in api.unfinished_runs(dag_id, before=stack_began):
                api.fail_run(dag_id, run_id, _CUT_SHORT)
        api.unpause(dag_id)
    started = time.monotonic()
    extraction, is_placed = _extract(api, store, progress, check)
    extracted = time.monotonic()
    model = None
    if store.models.active_id() is None or not is_placed or _has_extracted(extraction):
        model = _train(api, store, progress, check)
    return JobReport(extraction, extracted - started, model, time.monotonic() - extracted)


def _extract(
    api: AirflowApi, store: Store, progress: Progress, check: Callable[[], None]
) -> tuple[ExtractionRun | None, bool]:
    """The run, and whether the served model could take its tracks up."""
    run_id, is_placed = _new_run_id(), True
    with progress.step("Analysing tracks") as step:

        def show() -> None:
            check()
            run = store.extraction_runs.get(run_id)
            if run is not None and run.planned:
                rate = f"{run.files_per_s:.1f} a second" if run.files_per_s else ""
                step.update(run.done, run.planned, rate)

        try:
            _run_dag(api, EXTRACTION, run_id, show)
        except RunFailedError as error:
            # The tracks are heard. A model whose files are lost ends no start: the next one is what helps.
            if error.tasks != {_PLACING}:
                raise
            is_placed = False
            progress.warn(f"A new model is trained, as the served one takes no tracks up. {error}")
        show()
        run = store.extraction_runs.get(run_id)
        if run is None or not run.planned:
            step.update(note="nothing new")
        return run, is_placed


def _train(api: AirflowApi, store: Store, progress: Progress, check: Callable[[], None]) -> ModelRun | None:
    run_id = _new_run_id()
    with progress.step("Training") as step:

        def show() -> None:
            check()
            _show_trials(step, store.model_runs.of_dag_run(run_id))

        try:
            _run_dag(api, TRAINING, run_id, show)
        except RunFailedError:
            rejected = store.model_runs.of_dag_run(run_id)
            if rejected is None or rejected.status is not ModelStatus.REJECTED:
                raise
            progress.warn(f"The model before stays. {' '.join(rejected.reasons)}")
        model = store.model_runs.of_dag_run(run_id)
        if model is None or not model.trials:
            step.update(note="skipped, too few tracks")
        else:
            _show_trials(step, model)
        return model


def _show_trials(step: Step, model: ModelRun | None) -> None:
    if model is not None and model.trials:
        newest = model.trials[-1]
        step.update(note=f"k={newest.k}: silhouette {newest.silhouette:.3f}, {len(model.trials)} tried")


def _run_dag(api: AirflowApi, dag_id: str, run_id: str, show: Callable[[], None]) -> None:
    api.trigger(dag_id, run_id)
    while not is_finished(state := api.run_state(dag_id, run_id)):
        show()
        time.sleep(_POLL_S)
    if state == "failed":
        raise _explain_failure(api, dag_id, run_id)


def _explain_failure(api: AirflowApi, dag_id: str, run_id: str) -> RunFailedError:
    failed = [task for task in api.tasks(dag_id, run_id) if task.state == "failed"]
    if not failed:
        return RunFailedError(
            f"The Dag run {run_id} of {dag_id} failed before a task did; ./run logs airflow-scheduler shows why."
        )
    task = failed[0]
    name = task.task_id if task.map_index < 0 else f"{task.task_id} [{task.map_index}]"
    log = "\n  ".join(api.task_log(dag_id, run_id, task, _LOG_LINES))
    return RunFailedError(
        f"The task {name} of {dag_id} failed; ./run logs {dag_id} shows all of its log, which ends:\n  {log}",
        frozenset(task.task_id for task in failed),
    )


def _wait_for_dags(api: AirflowApi, progress: Progress) -> None:
    with progress.step("Airflow reads the DAGs"):
        deadline = time.monotonic() + _DISCOVERY_LIMIT_S
        while not all(api.has_dag(dag_id) for dag_id in (EXTRACTION, TRAINING)):
            if errors := api.import_errors():
                raise EarwiseError("Airflow can't read a DAG file:\n  " + "\n  ".join(errors))
            if time.monotonic() > deadline:
                raise EarwiseError("Airflow found no DAGs; ./run logs airflow-dag-processor shows why.")
            time.sleep(_POLL_S)


def _has_extracted(run: ExtractionRun | None) -> bool:
    return run is not None and run.done > sum(run.failures.values())


def _new_run_id() -> str:
    return f"run_{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}"
