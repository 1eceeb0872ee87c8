"""When the DAGs run by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo, TimeRestriction

from tests.dags.running import read_dag


def load(name: str) -> Any:
    """The DAG as the scheduler knows it: from its serialized form."""
    return DagSerialization.from_dict(DagSerialization.to_dict(read_dag(name)))


def first_run(dag: Any) -> DagRunInfo:
    restriction = TimeRestriction(earliest=dag.start_date, latest=None, catchup=dag.catchup)
    run = dag.timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert run is not None
    return run


@pytest.mark.parametrize("name", ["extract_features", "train_clusters"])
@pytest.mark.parametrize("now", ["2026-01-31T02:00:01", "2026-01-31T02:03:00", "2026-01-31T11:59:59"])
def test_unpausing_starts_nothing_at_once(name: str, now: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: moment)
    assert first_run(load(name)).run_after > moment


def test_extraction_is_every_quarter_and_training_every_night(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 1, 31, 11, 50, tzinfo=UTC)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: moment)
    assert first_run(load("extract_features")).run_after == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert first_run(load("train_clusters")).run_after == datetime(2026, 2, 1, 2, tzinfo=UTC)
