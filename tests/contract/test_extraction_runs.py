"""What every MongoDB-protocol server must do for extraction runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from earwise.paths import LibraryPath
from earwise.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FILES = [LibraryPath("music", path) for path in (b"a.mp3", b"caf\xe9/b.mp3", b"c.mp3")]


def test_batches_come_back_in_their_order(store: Store) -> None:
    store.extraction_runs.start("manual__2026-01-31T12:00:00+00:00", [FILES[:2], FILES[2:]], NOW)
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 0) == FILES[:2]
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 1) == FILES[2:]
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 2) == []


def test_run_counts_what_is_added(store: Store) -> None:
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.add_progress("r", done=2, decoded=1, failures={"silent": 1})
    store.extraction_runs.add_progress("r", done=1, decoded=0, failures={"silent": 1, "too_short": 1})
    run = store.extraction_runs.get("r")
    assert run is not None
    assert (run.planned, run.done, run.decoded, run.failures) == (3, 3, 1, {"silent": 2, "too_short": 1})
    assert (run.started_at, run.finished_at) == (NOW, None)


def test_planning_again_keeps_what_was_counted(store: Store) -> None:
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.add_progress("r", done=2, decoded=1, failures={})
    store.extraction_runs.finish("r", NOW)
    store.extraction_runs.start("r", [FILES[2:]], NOW)
    run = store.extraction_runs.get("r")
    assert (run.planned, run.done, run.finished_at) == (3, 2, None)
    assert store.extraction_runs.batch("r", 0) == FILES[2:]


def test_finished_run_drops_its_batches(store: Store) -> None:
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.finish("r", NOW + timedelta(minutes=1))
    assert store.extraction_runs.batch("r", 0) == []
    assert store.extraction_runs.get("r").finished_at == NOW + timedelta(minutes=1)


def test_new_run_drops_the_batches_of_one_that_was_broken_off(store: Store) -> None:
    store.extraction_runs.start("broken", [FILES], NOW)
    store.extraction_runs.start("next", [FILES[:1]], NOW + timedelta(minutes=15))
    assert store.extraction_runs.batch("broken", 0) == []
    assert store.extraction_runs.latest().run_id == "next"


def test_without_runs_there_is_no_latest(store: Store) -> None:
    assert store.extraction_runs.latest() is None
    assert store.extraction_runs.get("r") is None
