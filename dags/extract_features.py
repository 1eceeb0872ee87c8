"""### Listen to new and changed tracks

**Purpose.** Walks the library's folders, reads tags, measures the MFCCs of every recording that is new, and keeps
what can't be read in quarantine with a reason. Tracks that the served model does not know get their cluster and enter
the lists of recommendations.

**Inputs.** The folders, archives and buckets of `EARWISE_LIBRARY`.

**Outputs.** `folders`, `tracks`, `features`, `quarantine` and one `extraction_runs` document in MongoDB; the asset
`track_features`, whose event carries the counts, when something was analysed.

**Schedule.** Every 15 minutes, and by hand. Parameters: `root` and `only_path` look at a part of the library alone and
believe what is known of the rest; `force` identifies files and reads their tags again although they have not changed
(audio that is new is listened to; features of known audio stand); `retry_quarantined` tries files in quarantine again
that have not changed; `accept_losses` believes that many files are gone for good, of the `root` that is named beside
it, else of all.

**Is a re-run safe?** Yes, at any time. A file waits until its features and its track are stored, so a run that was
killed is finished by the next; an unchanged library is neither decoded nor written. Once after an upgrade that reads
more of tags, the tags alone of all files in folders are read again; those of archives and buckets by `force`.

**On failure.** `scan` fails and changes nothing when a root is absent, unreadable, has lost many files at once
or is named by `EARWISE_LIBRARY` no more: mount the disk, correct `EARWISE_LIBRARY`, or, where they were taken away on
purpose, trigger it with `accept_losses` and their `root`. A root that has left `EARWISE_LIBRARY` can't be named: leave
`root` empty then, while the disks of all others are mounted. `scan` fails, too, when nothing is at `only_path`, nor
known of it.
A disk that hangs ends `scan` after four hours and `plan` after a quarter of an hour; both are tried again.
`extract` fails when MongoDB does not answer for minutes or the library's disk or bucket goes away meanwhile
(both retried), when a disk is full, or when the decoder fails on clips known to be good (look at the task log,
reinstall the audio libraries). Once its run is closed a batch that is cleared fails too: trigger a new run. `report`
fails when files are left over; the next run takes them up, and the tracks that came get their place all the same.
Broken files fail nothing, nor do files that can't be read while others of their disk can. `assign` fails when the
files of the served model are not in `EARWISE_HOME/models`, which is one folder for all machines: trigger
`train_clusters` where they are lost.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, Metadata, Param, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from earwise.settings import EXTRACTION_POOL, Settings

TRACK_FEATURES = Asset("track_features")
# A MongoDB that is away for a minute, as while it restarts, costs no attempt.
_PATIENCE_S = 60.0
_LOST_FILES = (
    "EARWISE_HOME/models has to be one folder for all machines that run tasks. Where the files are lost, "
    "train_clusters makes a new model."
)


@dag(
    # No start_date and no allowance for being late: with either, unpausing would start a run nobody asked for.
    schedule=CronTriggerTimetable("*/15 * * * *", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "earwise", "retries": 2, "retry_delay": timedelta(seconds=15)},
    doc_md=__doc__,
    tags=["earwise", "extraction"],
    params={
        "root": Param(
            None,
            type=["null", "string"],
            title="Root",
            description="Look at this root of the library alone. Empty: at all of them",
            examples=[root.name for root in Settings.from_env().roots],
        ),
        "only_path": Param(
            None,
            type=["null", "string"],
            title="Only this path",
            description="Look at this folder or file alone, as a path in the root or of the file system. Empty: at all",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="Identify files and read their tags again although they have not changed",
        ),
        "retry_quarantined": Param(
            False,
            type="boolean",
            title="Retry quarantined files",
            description="Try files in quarantine again although they have not changed",
        ),
        "accept_losses": Param(
            False,
            type="boolean",
            title="Accept losses",
            description="Believe that files which are gone, however many, are gone for good. Name their root above, "
            "or it is believed of all roots",
        ),
    },
)
def extract_features() -> None:
    # What was found is written only when all has been walked, so a scan that was cut short begins anew: a million files
    # on a network disk that answers a hundred times a second take three hours.
    @task(execution_timeout=timedelta(days=1))
    def scan(dag_run: Any, params: dict[str, Any]) -> dict[str, int]:
        """Compare the library's folders with what is known of them."""
        from earwise.errors import LibraryError
        from earwise.extraction.directory import refresh_stale_directory
        from earwise.extraction.forgetting import forget_missing
        from earwise.extraction.losses import LossLimits
        from earwise.extraction.scanning import scan_library
        from earwise.extraction.scope import find_scope
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings, patience_s=_PATIENCE_S) as store:
            store.create_indexes()
            try:
                report = scan_library(
                    store,
                    settings.roots,
                    dag_run.run_after,
                    accept_losses=params["accept_losses"],
                    limits=LossLimits(settings.loss_files, settings.loss_share),
                    within=find_scope(settings.roots, params["root"], params["only_path"]),
                )
            except LibraryError as error:
                raise AirflowFailException(str(error)) from None
            forget_missing(store, dag_run.run_after, keep_days=settings.keep_missing_days)
            refresh_stale_directory(store)
            return report.counts

    @task(execution_timeout=timedelta(days=1))
    def plan(dag_run: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Cut the files that wait into batches; none where nothing is new."""
        from earwise.extraction.planning import plan_batches
        from earwise.extraction.scope import find_scope
        from earwise.features.config import MfccConfig
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings, patience_s=_PATIENCE_S) as store:
            batches = plan_batches(
                store,
                settings.roots,
                MfccConfig(),
                dag_run.run_id,
                dag_run.run_after,
                within=find_scope(settings.roots, params["root"], params["only_path"]),
                retry_quarantined=params["retry_quarantined"],
                force=params["force"],
            )
        return [{"number": batch.number, "label": batch.label} for batch in batches]

    # The pool has a slot for each machine, since a batch keeps all of EARWISE_EXTRACT_PROCESSES busy. Each also bounds
    # itself by its size, and ends its process should it hang even so; the time-out, which mapped tasks share, is beyond
    # the bound of the largest on one process.
    @task(
        execution_timeout=timedelta(days=4),
        pool=EXTRACTION_POOL,
        map_index_template="{{ task.op_kwargs['label'] }}",
    )
    def extract(number: int, label: str, dag_run: Any) -> None:
        """Listen to the files of one batch."""
        from earwise.errors import BrokenDecoderError, ExtractionRunError
        from earwise.extraction.batches import extract_batch
        from earwise.features.config import MfccConfig
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings, patience_s=_PATIENCE_S) as store:
            try:
                extract_batch(store, dag_run.run_id, number, settings, MfccConfig(), dag_run.run_after)
            except (BrokenDecoderError, ExtractionRunError) as error:
                raise AirflowFailException(str(error)) from None

    # Runs after failed batches too, to close the run: that there is one is plan's success. Not at all where there was
    # nothing to extract, or nothing could be planned. Lists of 100,000 tracks take a minute or two to write.
    @task(execution_timeout=timedelta(hours=2), trigger_rule="all_done_min_one_success")
    def close(dag_run: Any, params: dict[str, Any], ti: Any) -> dict[str, Any]:
        """Sum the run up, and bring the library's lists up to date."""
        from earwise.errors import ExtractionRunError, LibraryError
        from earwise.extraction.report import report_run
        from earwise.extraction.scope import find_scope
        from earwise.features.config import MfccConfig
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings, patience_s=_PATIENCE_S) as store:
            try:
                scope = find_scope(settings.roots, params["root"], params["only_path"])
                done = report_run(store, settings.roots, MfccConfig(), dag_run.run_id, ti.start_date, within=scope)
            # Not every error of Earwise's: a store that is away for a moment is there at the next attempt.
            except (ExtractionRunError, LibraryError) as error:
                raise AirflowFailException(str(error)) from None
        return done.figures

    @task(outlets=[TRACK_FEATURES], execution_timeout=timedelta(minutes=10))
    def report(done: dict[str, Any]):  # type: ignore[no-untyped-def]
        """Tell those who wait for features, or what is left."""
        if done["left"]:
            raise AirflowFailException(f"{done['left']} files are left because a batch failed; the next run goes on.")
        if not done["analysed"]:
            raise AirflowSkipException("Every file of this run went to quarantine; there are no new features.")
        yield Metadata(TRACK_FEATURES, done)

    # Beside the report, since files that are left, perhaps for ever, hold up no others. Also where nothing was
    # extracted: a track that came back has its features and may lack its place.
    @task(execution_timeout=timedelta(hours=1), trigger_rule="none_failed")
    def assign() -> None:
        """Give tracks that the served model does not know their cluster and lists."""
        from earwise.clustering.assigning import assign_tracks
        from earwise.errors import ModelNotFoundError
        from earwise.store import open_store

        settings = Settings.from_env()
        with open_store(settings, patience_s=_PATIENCE_S) as store:
            try:
                model_id = store.models.require_active_id()
            except ModelNotFoundError as reason:
                raise AirflowSkipException(str(reason)) from reason
            try:
                assigned = assign_tracks(store, settings.model_folder, model_id)
            except ModelNotFoundError as error:
                raise AirflowFailException(f"{str(error).rstrip('.')}. {_LOST_FILES}") from None
        if not assigned:
            raise AirflowSkipException("The served model knows every track that can be assigned.")

    planned = plan()
    scan() >> planned
    closed = close()
    [planned, extract.expand_kwargs(planned)] >> closed
    report(closed)
    closed >> assign()


extract_features()
