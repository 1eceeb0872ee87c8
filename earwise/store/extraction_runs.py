"""Extraction runs: totals and progress of each run that found something to do, and its batches while it works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson.binary import Binary
from pymongo import DESCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.translation import translated_errors


@dataclass(frozen=True, slots=True)
class ExtractionRun:
    """One run.

    Attributes
    ----------
    planned, done : int
        Files to analyse, and files analysed or quarantined so far.
    decoded : int
        Files whose audio had to be decoded.
    failures : dict of str to int
        Files quarantined in this run, by code.
    """

    run_id: str
    started_at: datetime
    planned: int
    done: int = 0
    decoded: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    finished_at: datetime | None = None


class ExtractionRuns:
    """The collections ``extraction_runs`` and ``extraction_batches``."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._runs = database["extraction_runs"]
        self._batches = database["extraction_batches"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that `latest` uses."""
        self._runs.create_index([("started_at", DESCENDING)])

    @translated_errors()
    def start(self, run_id: str, batches: Sequence[Sequence[LibraryPath]], now: datetime) -> None:
        """Record a run and what each of its batches is to analyse; batches of runs that were broken off are dropped.

        A run that is planned again keeps its counts: what it has done and what is left are what it planned.
        """
        self._batches.delete_many({})
        for number, files in enumerate(batches):
            document = {
                "_id": f"{run_id}:{number}",
                "run_id": run_id,
                "files": [{"root": file.root, "path": Binary(file.path)} for file in files],
            }
            self._batches.replace_one({"_id": document["_id"]}, document, upsert=True)
        left = sum(len(files) for files in batches)
        fresh = {"started_at": now, "planned": left, "done": 0, "decoded": 0, "failures": {}, "finished_at": None}
        self._runs.update_one({"_id": run_id}, {"$setOnInsert": fresh}, upsert=True)
        run = self._runs.find_one({"_id": run_id}, {"done": 1})
        planned = left + (run["done"] if run else 0)
        self._runs.update_one({"_id": run_id}, {"$set": {"planned": planned, "finished_at": None}})

    @translated_errors()
    def batch(self, run_id: str, number: int) -> list[LibraryPath]:
        """The files of one batch; empty once the run has finished."""
        document = self._batches.find_one({"_id": f"{run_id}:{number}"})
        files = document["files"] if document else []
        return [LibraryPath(file["root"], bytes(file["path"])) for file in files]

    @translated_errors()
    def add_progress(self, run_id: str, *, done: int, decoded: int, failures: Mapping[str, int]) -> None:
        """Add to the totals of a run that is working."""
        increments = {"done": done, "decoded": decoded, **{f"failures.{code}": n for code, n in failures.items()}}
        self._runs.update_one({"_id": run_id}, {"$inc": increments})

    @translated_errors()
    def finish(self, run_id: str, now: datetime) -> None:
        """Record the end of a run and drop its batches."""
        self._runs.update_one({"_id": run_id}, {"$set": {"finished_at": now}})
        self._batches.delete_many({"run_id": run_id})

    @translated_errors()
    def get(self, run_id: str) -> ExtractionRun | None:
        """One run."""
        return _to_run(self._runs.find_one({"_id": run_id}))

    @translated_errors()
    def latest(self) -> ExtractionRun | None:
        """The run that began last."""
        return _to_run(self._runs.find_one(sort=[("started_at", DESCENDING)]))


def _to_run(document: dict[str, Any] | None) -> ExtractionRun | None:
    if document is None:
        return None
    return ExtractionRun(
        run_id=document["_id"],
        started_at=document["started_at"],
        planned=document["planned"],
        done=document["done"],
        decoded=document["decoded"],
        failures=document["failures"],
        finished_at=document["finished_at"],
    )
