"""### Learn which tracks sound alike

**Purpose.** Scales the MFCC summaries of all ready tracks, fits KMeans for several k on Spark, ranks each track's
neighbours, and lets the web app see the new model unless it is worse than the one before.

**Inputs.** `features` of the current feature version (of the served model's until the current one covers 98% of the
tracks) and the ready `tracks` in MongoDB (asset `track_features`).

**Outputs.** One `model_runs` document with silhouette and training cost for every k; `clusters`, `assignments` and
`neighbours` under a new model id; the `active` pointer; the asset `active_model`, whose event carries the figures.

**Schedule.** Every night at 02:00, and by hand with parameters: `k_min` and `k_max` (empty: fits the library's
size), `seed`, `publish` (off: train and log, leave the served model alone).

**Is a re-run safe?** Yes. Everything is written under the run's own model id, and readers see it only after the last
step flipped one pointer. A retry removes what the attempt before it left.

**On failure.** The web app goes on with the model before. A red `gate` is no fault of the run: the new model was worse
by more than is tolerated, its reasons stand in the task's log and on the web app's admin page, and
`./run models activate ID` publishes it all the same; or there was nothing to learn, as where all tracks sound the same.
The task log of `train` ends with the reason. Too few
analysed tracks are no failure: the run ends as skipped and says how many are missing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Asset, CronTriggerTimetable, Metadata, Param, TaskInstance, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from earwise.settings import Settings

ACTIVE_MODEL = Asset("active_model")
JOB = Path(__file__).resolve().parent.parent / "jobs" / "train_clusters.py"


@dag(
    # No start_date and no allowance for being late: with either, unpausing would start a run nobody asked for.
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "earwise", "retries": 1, "retry_delay": timedelta(seconds=30)},
    doc_md=__doc__,
    tags=["earwise", "training"],
    params={
        "k_min": Param(None, type=["null", "integer"], minimum=2, title="Smallest k", description="Empty: chosen"),
        "k_max": Param(None, type=["null", "integer"], minimum=2, title="Greatest k", description="Empty: chosen"),
        "seed": Param(1, type="integer", minimum=0, title="Seed"),
        "publish": Param(True, type="boolean", title="Publish", description="Let the web app see the new model"),
    },
)
def train_clusters() -> None:
    @task(execution_timeout=timedelta(minutes=5))
    def plan(run_id: str, params: dict[str, Any], ti: TaskInstance) -> str:
        """Check that there is enough to learn from and what was asked for, and name the model."""
        from earwise.clustering.ks import ks_to_try
        from earwise.clustering.publishing import check_enough_tracks, free_model_id
        from earwise.clustering.versions import choose_version
        from earwise.errors import TooFewTracksError, TrainingDataError
        from earwise.features.config import MfccConfig
        from earwise.spark.jvm import blas_option, java_options
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings) as store:
            store.create_indexes()
            try:
                version = choose_version(store, MfccConfig().feature_version)
                tracks = check_enough_tracks(store, version, settings.min_tracks)
                ks_to_try(tracks, params["k_min"], params["k_max"])
            except TooFewTracksError as reason:
                raise AirflowSkipException(str(reason)) from reason
            except TrainingDataError as reason:
                raise AirflowFailException(str(reason)) from None
            ti.xcom_push("java_options", java_options(tracks))
            ti.xcom_push("blas_option", blas_option())
            ti.xcom_push("feature_version", version)
            return free_model_id(store, run_id)

    train = SparkSubmitOperator(
        task_id="train",
        application=str(JOB),
        name="earwise train_clusters",
        driver_memory=Settings.from_env().spark_driver_memory,
        conn_id="spark_default",
        # One page less that listens; a cluster's master shows its applications all the same.
        conf={
            "spark.ui.enabled": "false",
            "spark.driver.extraJavaOptions": "{{ ti.xcom_pull('plan', key='java_options') }}",
            "spark.executor.extraJavaOptions": "{{ ti.xcom_pull('plan', key='blas_option') }}",
        },
        application_args=[
            "--model-id={{ ti.xcom_pull('plan') }}",
            "--dag-run-id={{ run_id }}",
            "--feature-version={{ ti.xcom_pull('plan', key='feature_version') }}",
            "--seed={{ params.seed }}",
            "--k-min={{ params.k_min }}",
            "--k-max={{ params.k_max }}",
        ],
        execution_timeout=timedelta(hours=6),
    )

    @task(execution_timeout=timedelta(minutes=10))
    def gate(model_id: str, params: dict[str, object]) -> None:
        """Hold the new model against the one that is served; red where it is worse."""
        from earwise.clustering.publishing import check_trained, judge_model, prune_models
        from earwise.errors import TrainingDataError
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings) as store:
            try:
                check_trained(store, model_id)
            except TrainingDataError as reason:
                raise AirflowFailException(str(reason)) from None
            reasons = judge_model(store, model_id) if params["publish"] else ()
            if params["publish"] and not reasons:
                return
            prune_models(store, keep=settings.keep_models, model_folder=settings.model_folder)
        if reasons:
            raise AirflowFailException(f"{model_id} is rejected, the model before stays. {' '.join(reasons)}")
        raise AirflowSkipException("The model was trained and kept; publish is off for this run.")

    @task(outlets=[ACTIVE_MODEL], execution_timeout=timedelta(hours=1))
    def publish(model_id: str, ti: Any):  # type: ignore[no-untyped-def]
        """Assign what came since, flip the pointer, and prune old models and features that no model needs."""
        from earwise.clustering.publishing import publish_model, run_summary
        from earwise.clustering.versions import prune_features
        from earwise.features.config import MfccConfig
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings) as store:
            run = publish_model(
                store, model_id, ti.start_date, keep=settings.keep_models, model_folder=settings.model_folder
            )
            prune_features(store, MfccConfig().feature_version)
        yield Metadata(ACTIVE_MODEL, run_summary(run))

    model_id = plan()
    model_id >> train >> gate(model_id) >> publish(model_id)  # type: ignore[arg-type]


train_clusters()
