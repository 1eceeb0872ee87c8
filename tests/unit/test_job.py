"""The main job: waits for exactly its own runs, trains when there is something to learn, explains a failure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from earwise.embedded import job
from earwise.embedded.airflow_api import TaskState
from earwise.embedded.job import EXTRACTION, TRAINING, RunFailedError, run_job
from earwise.errors import EarwiseError
from earwise.store.extraction_runs import Counts, ExtractionRun
from earwise.store.model_runs import KTrial, ModelRun, ModelStatus
from tests.unit.progress import SilentProgress

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class FakeAirflow:
    """Runs every Dag run to its end in three looks."""

    old_runs: dict[str, datetime] = field(default_factory=dict)
    failing: str = ""
    failing_task: str = "extract"
    errors: list[str] = field(default_factory=list)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)

    def has_dag(self, dag_id: str) -> bool:
        return not self.errors

    def import_errors(self) -> list[str]:
        return self.errors

    def ensure_pool(self, name: str, *, slots: int, description: str) -> None:
        self.calls.append(("pool", name))

    def unfinished_runs(self, dag_id: str, *, before: datetime) -> list[str]:
        return [run_id for run_id, began in self.old_runs.items() if began < before and dag_id == EXTRACTION]

    def fail_run(self, dag_id: str, run_id: str, note: str) -> None:
        self.calls.append(("fail", dag_id, run_id))

    def unpause(self, dag_id: str) -> None:
        self.calls.append(("unpause", dag_id))

    def trigger(self, dag_id: str, run_id: str) -> None:
        self.calls.append(("trigger", dag_id, run_id))

    def run_state(self, dag_id: str, run_id: str) -> str:
        self.looks[run_id] = self.looks.get(run_id, 0) + 1
        if self.looks[run_id] < 3:
            return ("queued", "running")[self.looks[run_id] - 1]
        return "failed" if self.failing == dag_id else "success"

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        return [TaskState("scan", "success", -1, 1), TaskState(self.failing_task, "failed", 3, 2)]

    def task_log(self, dag_id: str, run_id: str, task: TaskState, lines: int) -> list[str]:
        return ["Reading batch", "StoreError: MongoDB did not answer"][-lines:]

    def triggered(self) -> list[str]:
        return [call[1] for call in self.calls if call[0] == "trigger"]


@dataclass
class FakeStore:
    """Knows one extraction run, whatever it is called, and perhaps a model."""

    run: ExtractionRun | None = None
    active: str | None = None
    model: ModelRun | None = None
    asked: set[str] = field(default_factory=set)

    @property
    def extraction_runs(self) -> FakeStore:
        return self

    @property
    def models(self) -> FakeStore:
        return self

    @property
    def model_runs(self) -> FakeStore:
        return self

    def get(self, run_id: str) -> ExtractionRun | None:
        self.asked.add(run_id)
        return self.run

    def active_id(self) -> str | None:
        return self.active

    def of_dag_run(self, run_id: str) -> ModelRun | None:
        self.asked.add(run_id)
        return self.model


def make_model() -> ModelRun:
    trial = KTrial(5, 0.4, 10.0, (3, 3), 1.0)
    return ModelRun("m", "r", "v", ModelStatus.ACTIVE, NOW, 1, tracks=6, k=5, trials=(trial,))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_POLL_S", 0)


def run(api: FakeAirflow, store: FakeStore, **options: Any) -> tuple[job.JobReport, SilentProgress]:
    progress = SilentProgress()
    return run_job(api, store, progress, **options), progress  # type: ignore[arg-type]


def test_first_job_extracts_then_trains_and_waits_for_exactly_its_runs() -> None:
    api, store = FakeAirflow(), FakeStore(ExtractionRun("r", NOW, NOW, 10, Counts(10)), model=make_model())
    report, progress = run(api, store)
    assert api.triggered() == [EXTRACTION, TRAINING]
    assert {call[2] for call in api.calls if call[0] == "trigger"} == set(api.looks) == store.asked
    assert report.model == make_model()
    assert any("10/10" in note for note in progress.notes)
    assert any("k=5: silhouette 0.400" in note for note in progress.notes)


def test_both_dags_are_unpaused_before_anything_is_triggered() -> None:
    api = FakeAirflow()
    run(api, FakeStore())
    assert [call[0] for call in api.calls] == ["pool", "unpause", "unpause", "trigger", "trigger"]


@pytest.mark.parametrize(
    "extraction",
    [None, ExtractionRun("r", NOW, NOW, 0, Counts()), ExtractionRun("r", NOW, NOW, 2, Counts(2, 0, {"not_audio": 2}))],
)
def test_nothing_is_trained_again_when_nothing_was_extracted(extraction: ExtractionRun | None) -> None:
    api = FakeAirflow()
    report, _ = run(api, FakeStore(extraction, active="m"))
    assert api.triggered() == [EXTRACTION]
    assert report.model is None


def test_new_tracks_are_trained_on_although_there_is_a_model() -> None:
    api = FakeAirflow()
    run(api, FakeStore(ExtractionRun("r", NOW, NOW, 3, Counts(3, 1, {"not_audio": 2})), active="m"))
    assert api.triggered() == [EXTRACTION, TRAINING]


def test_too_few_tracks_are_said_and_are_no_error() -> None:
    _, progress = run(FakeAirflow(), FakeStore())
    assert "skipped, too few tracks" in progress.notes


def test_runs_that_an_earlier_start_left_are_ended_and_living_ones_are_not() -> None:
    api = FakeAirflow(old_runs={"old": NOW - timedelta(hours=1), "alive": NOW + timedelta(seconds=1)})
    run(api, FakeStore(), stack_began=NOW)
    assert [call for call in api.calls if call[0] == "fail"] == [("fail", EXTRACTION, "old")]


def test_no_run_is_ended_in_a_stack_that_another_started() -> None:
    api = FakeAirflow(old_runs={"old": NOW - timedelta(hours=1)})
    run(api, FakeStore())
    assert not [call for call in api.calls if call[0] == "fail"]


def test_rejected_model_is_said_and_is_no_error() -> None:
    rejected = dataclasses.replace(make_model(), status=ModelStatus.REJECTED, reasons=("It knows 3 tracks.",))
    report, progress = run(FakeAirflow(failing=TRAINING), FakeStore(model=rejected))
    assert report.model == rejected
    assert "The model before stays. It knows 3 tracks." in progress.said


def test_served_model_that_takes_no_tracks_up_is_followed_by_a_new_one() -> None:
    api = FakeAirflow(failing=EXTRACTION, failing_task="assign")
    report, progress = run(api, FakeStore(active="m", model=make_model()))
    assert api.triggered() == [EXTRACTION, TRAINING]
    assert report.model == make_model()
    assert any("A new model is trained" in said and "./run logs extract_features" in said for said in progress.said)


@pytest.mark.parametrize("dag_id", [EXTRACTION, TRAINING])
def test_failure_names_the_task_the_command_and_the_end_of_the_log(dag_id: str) -> None:
    with pytest.raises(RunFailedError) as caught:
        run(FakeAirflow(failing=dag_id), FakeStore())
    text = str(caught.value)
    assert f"extract [3] of {dag_id}" in text
    assert f"./run logs {dag_id}" in text
    assert "StoreError: MongoDB did not answer" in text


def test_dag_file_that_can_not_be_read_is_named() -> None:
    with pytest.raises(EarwiseError, match=r"train_clusters\.py: SyntaxError"):
        run(FakeAirflow(errors=["train_clusters.py: SyntaxError"]), FakeStore())
