"""The whole training DAG by spark-submit on the real store: features in, a served model and an asset event out."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwise.features.config import MfccConfig
from earwise.spark.jvm import blas_option
from earwise.store import Store
from earwise.store.client import open_store_at
from earwise.store.model_runs import ModelStatus
from tests.dags.running import run_dag, states
from tests.models import write_model
from tests.spark.conftest import NOW, add_groups, add_track
from tests.unit.sounds import make_sounds

DATABASE = f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def variables(mongo_uri: str) -> dict[str, str]:
    return {"EARWISE_MONGO_URI": mongo_uri, "EARWISE_MONGO_DATABASE": DATABASE}


@pytest.fixture(scope="module")
def runs(mongo_uri: str, home: Path, variables: dict[str, str]) -> list[dict[str, Any]]:
    """A run that publishes, and one that asks for what can't be."""
    with open_store_at(mongo_uri, DATABASE) as store:
        add_groups(store, groups=3, size=8, version=MfccConfig().feature_version)
    configurations = [{"k_min": 2, "k_max": 3, "seed": 7}, {"k_min": 9, "k_max": 3}]
    return run_dag(home, "train_clusters", configurations, variables)


@pytest.fixture
def trained(runs: list[dict[str, Any]], mongo_uri: str) -> Iterator[Store]:
    """The store as the runs left it."""
    with open_store_at(mongo_uri, DATABASE) as store:
        yield store


def test_run_plans_trains_and_publishes(runs: list[dict[str, Any]], trained: Store) -> None:
    assert states(runs[0]) == {"plan": "success", "train": "success", "gate": "success", "publish": "success"}
    run = trained.model_runs.of_dag_run(runs[0]["run_id"])
    assert (run.k, run.seed, run.tracks, run.status) == (3, 7, 24, ModelStatus.ACTIVE)
    assert trained.models.active_id() == run.model_id


def test_asset_event_carries_silhouette_and_cost_for_every_k(runs: list[dict[str, Any]], trained: Store) -> None:
    (event,) = runs[0]["events"]
    assert event["asset"] == "active_model"
    run = trained.model_runs.of_dag_run(runs[0]["run_id"])
    for figures, attribute in (("silhouette", "silhouette"), ("training_cost", "training_cost")):
        assert event["extra"][figures] == {
            str(trial.k): pytest.approx(getattr(trial, attribute), abs=1e-4) for trial in run.trials
        }


@pytest.mark.usefixtures("runs")
def test_task_log_tells_silhouette_and_cost_for_every_k(home: Path) -> None:
    tried = [line for line in (home / "log").read_text().splitlines() if "k tried" in line]
    assert all("silhouette=" in line and "training_cost=" in line for line in tried)
    assert {k for k in (2, 3) for line in tried if f"k={k} " in line} == {2, 3}


@pytest.mark.usefixtures("runs")
def test_executors_take_the_same_blas_as_the_driver(home: Path) -> None:
    (command,) = [line for line in (home / "log").read_text().splitlines() if "Spark-Submit cmd" in line]
    assert f"spark.executor.extraJavaOptions={blas_option()}" in command


@pytest.mark.slow
def test_unpublished_run_leaves_the_served_model_alone(
    runs: list[dict[str, Any]], trained: Store, home: Path, variables: dict[str, str]
) -> None:
    (run,) = run_dag(home, "train_clusters", [{"k_min": 3, "k_max": 3, "publish": False}], variables)
    assert states(run) == {"plan": "success", "train": "success", "gate": "skipped", "publish": "skipped"}
    assert run["events"] == []
    assert trained.models.active_id() == trained.model_runs.of_dag_run(runs[0]["run_id"]).model_id
    assert trained.model_runs.of_dag_run(run["run_id"]).status is ModelStatus.CANDIDATE


def test_empty_range_of_k_fails_before_spark_is_started(runs: list[dict[str, Any]]) -> None:
    assert states(runs[1]) == {"plan": "failed", **dict.fromkeys(("train", "gate", "publish"), "upstream_failed")}


def test_too_few_tracks_end_in_a_skip(
    mongo_uri: str, database_name: str, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    add_groups(store, groups=1, size=3, version=MfccConfig().feature_version)
    variables = {"EARWISE_MONGO_URI": mongo_uri, "EARWISE_MONGO_DATABASE": database_name}
    (run,) = run_dag(tmp_path_factory.mktemp("home"), "train_clusters", [{}], variables)
    assert run["state"] == "success"
    assert set(states(run).values()) == {"skipped"}


@pytest.mark.slow
def test_tracks_that_sound_the_same_end_in_one_sentence(
    mongo_uri: str, database_name: str, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    for number in range(12):
        add_track(store, number, np.full(12, 7.0), version=MfccConfig().feature_version)
    variables = {"EARWISE_MONGO_URI": mongo_uri, "EARWISE_MONGO_DATABASE": database_name}
    (run,) = run_dag(home, "train_clusters", [{"publish": False}], variables)
    assert states(run) == {"plan": "success", "train": "success", "gate": "failed", "publish": "upstream_failed"}
    log = (home / "log").read_text()
    assert "AirflowFailException: All tracks sound the same to KMeans" in log
    assert "Cannot execute" not in log
    assert store.model_runs.of_dag_run(run["run_id"]).status is ModelStatus.FAILED


@pytest.mark.slow
def test_worse_model_leaves_a_red_gate_and_the_model_before(
    mongo_uri: str, database_name: str, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    write_model(store, home / "models", "champion", make_sounds(2, 10), range(20))
    store.models.activate("champion", NOW)
    store.model_runs.put(dataclasses.replace(store.model_runs.get("champion"), tracks=1000))
    add_groups(store, groups=3, size=8, version=MfccConfig().feature_version)
    variables = {"EARWISE_MONGO_URI": mongo_uri, "EARWISE_MONGO_DATABASE": database_name}
    (run,) = run_dag(home, "train_clusters", [{"k_min": 2, "k_max": 3}], variables)
    assert run["state"] == "failed"
    assert states(run) == {"plan": "success", "train": "success", "gate": "failed", "publish": "upstream_failed"}
    assert run["events"] == []
    assert store.models.active_id() == "champion"
    rejected = store.model_runs.of_dag_run(run["run_id"])
    assert rejected.status is ModelStatus.REJECTED
    assert rejected.reasons == ("It knows 24 tracks, fewer than 90% of the 1,000 before.",)
