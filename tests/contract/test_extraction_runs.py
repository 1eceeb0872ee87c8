"""What every MongoDB-protocol server must do for extraction runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.collection import Collection

from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.extraction_runs import Counts

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FILES = [LibraryPath("music", path) for path in (b"a.mp3", b"caf\xe9/b.mp3", b"c.mp3")]


def test_batches_come_back_in_their_order(store: Store) -> None:
    store.extraction_runs.start("manual__2026-01-31T12:00:00+00:00", [FILES[:2], FILES[2:]], NOW)
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 0) == FILES[:2]
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 1) == FILES[2:]
    assert store.extraction_runs.batch("manual__2026-01-31T12:00:00+00:00", 2) == []


def test_run_counts_what_its_batches_have_done(store: Store) -> None:
    store.extraction_runs.start("r", [FILES[:2], FILES[2:]], NOW)
    store.extraction_runs.put_progress("r", 0, Counts(1, 1, {}), 4.0, NOW)
    store.extraction_runs.put_progress("r", 0, Counts(2, 1, {"silent": 1}), 2.0, NOW)
    run = store.extraction_runs.get("r")
    assert (run.planned, run.done, run.decoded, run.failures) == (3, 2, 1, {"silent": 1})
    assert (run.files_per_s, run.seconds_left, run.updated_at) == (2.0, 0.5, NOW)
    store.extraction_runs.put_progress("r", 1, Counts(1, 0, {"silent": 1}), longest_fetch_s=9.0)
    store.extraction_runs.put_progress("r", 1, Counts(1, 0, {"silent": 1}), longest_fetch_s=4.0)
    run = store.extraction_runs.get("r")
    assert (run.done, run.decoded, run.failures, run.seconds_left) == (3, 1, {"silent": 2}, 0.0)
    assert (run.started_at, run.finished_at, run.is_broken_off) == (NOW, None, False)
    assert run.longest_fetch_s == 9.0


def test_rate_is_that_of_all_batches_under_way(store: Store) -> None:
    store.extraction_runs.start("r", [FILES[:2], FILES[2:], FILES, FILES], NOW)
    assert store.extraction_runs.get("r").files_per_s is None
    store.extraction_runs.put_progress("r", 0, Counts(), None, NOW)
    assert store.extraction_runs.get("r").files_per_s is None
    store.extraction_runs.put_progress("r", 0, Counts(1), 0.25, NOW)
    store.extraction_runs.put_progress("r", 2, Counts(2), 0.5, NOW)
    run = store.extraction_runs.get("r")
    assert (run.done, run.planned, run.files_per_s, run.seconds_left) == (3, 9, 0.75, 8.0)
    store.extraction_runs.put_progress("r", 2, Counts(3), None, NOW)
    assert store.extraction_runs.get("r").files_per_s == 0.25, "a batch that ended is none of them any more"
    store.extraction_runs.put_progress("r", 0, Counts(2), None, NOW)
    assert store.extraction_runs.get("r").files_per_s == 0.5, "the next goes about as fast"


def test_rate_of_a_batch_that_was_killed_is_not_counted_for_long(store: Store) -> None:
    store.extraction_runs.start("r", [FILES, FILES], NOW)
    store.extraction_runs.put_progress("r", 0, Counts(1), 4.0, NOW)
    store.extraction_runs.put_progress("r", 1, Counts(1), 1.0, NOW + timedelta(minutes=1))
    assert store.extraction_runs.get("r").files_per_s == 5.0
    store.extraction_runs.put_progress("r", 1, Counts(2), 1.0, NOW + timedelta(minutes=10))
    assert store.extraction_runs.get("r").files_per_s == 1.0


def test_progress_is_written_by_an_update_that_gives_nothing_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The embedded server reads every document of a collection to find again the one that it updates.
    monkeypatch.delattr(Collection, "find_one_and_update")
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.put_progress("r", 0, Counts(2), 0.5, NOW)
    assert store.extraction_runs.get("r").done == 2


def test_progress_of_an_unknown_run_is_nobodys(store: Store) -> None:
    store.extraction_runs.put_progress("r", 0, Counts(1), 4.0, NOW)
    assert store.extraction_runs.get("r") is None


def test_planning_again_keeps_what_was_counted(store: Store) -> None:
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.put_progress("r", 0, Counts(2, 1, {}))
    store.extraction_runs.finish("r", NOW)
    store.extraction_runs.start("r", [FILES[2:]], NOW + timedelta(minutes=1))
    run = store.extraction_runs.get("r")
    assert (run.planned, run.done, run.started_at, run.finished_at) == (3, 2, NOW, None)
    assert store.extraction_runs.batch("r", 0) == FILES[2:]
    store.extraction_runs.put_progress("r", 0, Counts(1, 1, {}))
    assert store.extraction_runs.get("r").counts == Counts(3, 2, {})


def test_batches_are_open_until_their_run_has_finished(store: Store) -> None:
    store.extraction_runs.start("r", [FILES[:1], FILES[1:]], NOW)
    assert store.extraction_runs.open_batches() == [("r", 0), ("r", 1)]
    store.extraction_runs.finish("r", NOW)
    assert store.extraction_runs.open_batches() == []


def test_finished_run_drops_its_batches(store: Store) -> None:
    store.extraction_runs.start("r", [FILES], NOW)
    store.extraction_runs.finish("r", NOW + timedelta(minutes=1), left=2)
    assert store.extraction_runs.batch("r", 0) == []
    assert store.extraction_runs.get("r").left == 2
    assert store.extraction_runs.get("r").finished_at == NOW + timedelta(minutes=1)


def test_batches_of_a_long_run_are_dropped_in_portions(
    store: Store, commands: Callable[[], list[tuple[str, Mapping[str, Any]]]]
) -> None:
    store.extraction_runs.start("r", [FILES[:1]] * 12, NOW)
    commands()
    store.extraction_runs.finish("r", NOW)
    assert [len(one["deletes"][0]["q"]["_id"]["$in"]) for name, one in commands() if name == "delete"] == [5, 5, 2]
    assert [store.extraction_runs.batch("r", number) for number in range(12)] == [[]] * 12


def test_new_run_closes_one_that_was_broken_off(store: Store) -> None:
    store.extraction_runs.start("broken", [FILES], NOW)
    store.extraction_runs.start("next", [FILES[:1]], NOW + timedelta(minutes=15))
    assert store.extraction_runs.batch("broken", 0) == []
    broken = store.extraction_runs.get("broken")
    assert (broken.is_broken_off, broken.finished_at) == (True, NOW + timedelta(minutes=15))
    assert store.extraction_runs.latest().run_id == "next"


def test_without_runs_there_is_no_latest(store: Store) -> None:
    assert store.extraction_runs.latest() is None
    assert store.extraction_runs.get("r") is None


def test_runs_that_nothing_is_left_of_are_closed(store: Store) -> None:
    for run_id in ("own", "other"):
        store.extraction_runs.start(run_id, [FILES], NOW)
    later = NOW + timedelta(minutes=15)
    store.extraction_runs.close_unfinished("other", later)
    runs = [store.extraction_runs.get(run_id) for run_id in ("own", "other")]
    assert [(run.finished_at, run.is_broken_off) for run in runs] == [(NOW, True), (later, False)]
    assert store.extraction_runs.open_batches() == []


def test_run_of_the_former_layout_can_be_read(store: Store, database_name: str) -> None:
    former = {"_id": "r", "started_at": NOW, "planned": 3, "done": 2, "decoded": 1, "failures": {}, "finished_at": NOW}
    store.client[database_name]["extraction_runs"].insert_one(former)
    run = store.extraction_runs.latest()
    assert (run.counts, run.began_at, run.updated_at) == (Counts(2, 1, {}), NOW, None)
    store.extraction_runs.start("r", [], NOW + timedelta(hours=1))
    assert store.extraction_runs.get("r").began_at == NOW


def test_run_that_waited_began_later_than_it_was_due(store: Store) -> None:
    later = NOW + timedelta(hours=9)
    store.extraction_runs.start("waited", [FILES], NOW, now=later)
    run = store.extraction_runs.get("waited")
    assert (run.started_at, run.began_at, run.updated_at) == (NOW, later, later)
    store.extraction_runs.start("waited", [FILES], NOW, now=later + timedelta(minutes=1))
    run = store.extraction_runs.get("waited")
    assert (run.started_at, run.began_at, run.updated_at) == (NOW, later, later + timedelta(minutes=1))
    store.extraction_runs.start("next", [FILES], NOW + timedelta(minutes=15), now=later + timedelta(hours=1))
    assert store.extraction_runs.get("waited").finished_at == later + timedelta(hours=1)


def test_latest_run_is_the_one_that_began_last(store: Store, database_name: str) -> None:
    runs = store.client[database_name]["extraction_runs"]
    counts = {"planned": 3, "done": 2, "decoded": 1, "failures": {}, "finished_at": NOW}
    for number, name in enumerate(("older", "old")):
        runs.insert_one({"_id": name, "started_at": NOW + timedelta(hours=number), **counts})
    assert store.extraction_runs.latest().run_id == "old"
    store.extraction_runs.start("waited", [], NOW - timedelta(days=1), now=NOW + timedelta(days=2))
    store.extraction_runs.start("by hand", [], NOW + timedelta(days=1))
    assert store.extraction_runs.latest().run_id == "waited"
