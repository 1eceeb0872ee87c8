"""Tasks of the DAGs called as functions: what they hand on, and by what they raise whether Airflow tries them again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from earwise.errors import StoreAwayError
from earwise.extraction.planning import plan_batches
from earwise.extraction.scanning import scan_library
from earwise.features.config import MfccConfig
from earwise.root import Root
from earwise.store import Store
from earwise.store.extraction_runs import ExtractionRuns
from tests.dags.running import read_dag
from tests.models import VERSION, add_tracks, write_model
from tests.unit.sounds import make_sounds

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAG_RUN = SimpleNamespace(run_id="run", run_after=NOW)

Call = Callable[..., Any]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


@pytest.fixture
def call(
    store: Store, library: Path, mongo_uri: str, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Calls a task of `extract_features` with the parameters that are given, and the usual ones beside them."""
    monkeypatch.setenv("EARWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EARWISE_LIBRARY", str(library))
    monkeypatch.setenv("EARWISE_MONGO_URI", mongo_uri)
    monkeypatch.setenv("EARWISE_MONGO_DATABASE", database_name)
    dag = read_dag("extract_features")

    def call_task(task_id: str, parameters: dict[str, Any] | None = None, **others: Any) -> Any:
        return dag.get_task(task_id).python_callable(
            **others, **({} if parameters is None else {"params": dag.params.dump() | parameters})
        )

    return call_task


def plan_one(store: Store, library: Path) -> None:
    """Have a run that one file waits for."""
    (library / "1.mp3").write_text("words")
    roots = (Root("music", library),)
    scan_library(store, roots, NOW)
    plan_batches(store, roots, MfccConfig(), DAG_RUN.run_id, NOW)


def test_losses_are_believed_where_a_run_is_triggered_so_and_of_its_root_alone(
    call: Call, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "1.mp3").write_text("words")
    (tmp_path / "cds").mkdir()
    (tmp_path / "cds" / "2.mp3").write_text("words")
    monkeypatch.setenv("EARWISE_LIBRARY", f"music={library}:cds={tmp_path / 'cds'}")
    assert call("scan", {}, dag_run=DAG_RUN)["files"] == 2
    (library / "1.mp3").unlink()
    (tmp_path / "cds" / "2.mp3").unlink()
    with pytest.raises(AirflowFailException, match="with accept_losses"):
        call("scan", {"root": "music"}, dag_run=DAG_RUN)
    assert call("scan", {"root": "music", "accept_losses": True}, dag_run=DAG_RUN)["vanished"] == 1
    with pytest.raises(AirflowFailException, match="with accept_losses, and 'cds' as the root"):
        call("scan", {}, dag_run=DAG_RUN)


def test_run_is_closed_at_the_second_attempt_where_the_store_was_away_at_the_first(
    call: Call, store: Store, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_one(store, library)
    close = {"dag_run": DAG_RUN, "ti": SimpleNamespace(start_date=NOW)}

    def be_away(*_: object, **__: object) -> None:
        raise StoreAwayError("MongoDB did not answer")

    with monkeypatch.context() as patch, pytest.raises(StoreAwayError):
        patch.setattr(ExtractionRuns, "finish", be_away)
        call("close", {}, **close)
    assert call("close", {}, **close)["left"] == 1


def test_run_that_nobody_planned_is_not_closed_at_any_attempt(call: Call) -> None:
    with pytest.raises(AirflowFailException, match="No extraction run 'run' was planned"):
        call("close", {}, dag_run=DAG_RUN, ti=SimpleNamespace(start_date=NOW))


def test_batch_of_a_run_that_is_closed_fails_at_once_when_it_is_cleared(
    call: Call, store: Store, library: Path
) -> None:
    plan_one(store, library)
    call("close", {}, dag_run=DAG_RUN, ti=SimpleNamespace(start_date=NOW))
    with pytest.raises(AirflowFailException, match="as it is closed"):
        call("extract", number=0, label="batch 1 of 1", dag_run=DAG_RUN)


def test_tracks_find_no_place_before_the_first_model(call: Call) -> None:
    with pytest.raises(AirflowSkipException, match="No model has been published yet"):
        call("assign")


def test_served_model_whose_files_are_gone_fails_with_what_to_do(call: Call, store: Store, tmp_path: Path) -> None:
    models = tmp_path / "home" / "models"
    write_model(store, models, "m", make_sounds(2, 10), range(20))
    store.models.activate("m", NOW)
    with pytest.raises(AirflowSkipException, match="knows every track"):
        call("assign")
    shutil.rmtree(models)
    with pytest.raises(AirflowFailException, match=r"model m can't be read in .*EARWISE_HOME/models has to be one"):
        call("assign")


@pytest.mark.usefixtures("call")
def test_version_seed_and_range_of_k_reach_the_job(store: Store, tmp_path: Path) -> None:
    add_tracks(store, make_sounds(2, 10), range(20))
    write_model(store, tmp_path / "home" / "models", "m", make_sounds(2, 10), range(20))
    store.models.activate("m", NOW)
    dag = read_dag("train_clusters")
    pushed: dict[str, str] = {}
    parameters = dag.params.dump() | {"k_min": 2, "seed": 7}
    plan, train = dag.get_task("plan"), dag.get_task("train")
    model_id = plan.python_callable("run", parameters, SimpleNamespace(xcom_push=pushed.__setitem__))

    def pull(task_id: str, key: str = "") -> str:
        assert task_id == "plan"
        return pushed[key] if key else model_id

    context = {"ti": SimpleNamespace(xcom_pull=pull), "run_id": "run", "params": parameters}
    rendered = train.render_template(train.application_args, context)
    # The served model's version, not the current one, which the job takes where none is given.
    assert rendered == [
        f"--model-id={model_id}",
        "--dag-run-id=run",
        f"--feature-version={VERSION}",
        "--seed=7",
        "--k-min=2",
        "--k-max=None",
    ]
    assert MfccConfig().feature_version != VERSION
