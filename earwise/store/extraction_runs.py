"""Extraction runs: totals and progress of each run that found something to do, and its batches while it works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from earwise.paths import LibraryPath
from earwise.store.bulk import delete_found
from earwise.store.index_builds import ensure_index
from earwise.store.translation import translated_errors

# A batch that was silent for so long while others were not was killed, or gets nowhere.
_LIVE = timedelta(minutes=5)
# Runs that were stored before it was written down when they began come last.
_LATEST_FIRST = [("began_at", DESCENDING), ("started_at", DESCENDING)]
# The list of a batch's files takes up to some megabytes.
_BATCHES_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done.

    Attributes
    ----------
    done : int
        Files analysed or failed.
    decoded : int
        Files whose audio had to be decoded.
    failures : dict of str to int
        Files that failed, by code.
    """

    done: int = 0
    decoded: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Both together.

        >>> Counts(2, 1, {"silent": 1}) + Counts(1, 0, {"silent": 1})
        Counts(done=3, decoded=1, failures={'silent': 2})
        """
        failures = Counter(self.failures) + Counter(other.failures)
        return Counts(self.done + other.done, self.decoded + other.decoded, dict(failures))


@dataclass(frozen=True, slots=True)
class ExtractionRun:
    """One run.

    Attributes
    ----------
    started_at : datetime
        When it was due: what it stores carries this time.
    began_at : datetime
        When it really began, which may be days later where it waited for a long run before it.
    planned : int
        Files to analyse.
    counts : Counts
        What was done of that so far.
    files_per_s : float or None
        How fast it goes, once that is known: all batches under way together; where none is, as between two of them,
        what was written of one last.
    updated_at : datetime or None
        When it was planned, or progress was last written down.
    is_broken_off : bool
        Whether it was given up, and a later run took over what it had left.
    left : int
        Files that waited still when it ended, because a batch failed.
    longest_fetch_s : float
        Seconds that fetching one of its files may take; 0 where all can be opened in place.
    """

    run_id: str
    started_at: datetime
    began_at: datetime
    planned: int
    counts: Counts
    files_per_s: float | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None
    is_broken_off: bool = False
    left: int = 0
    longest_fetch_s: float = 0.0

    @property
    def done(self) -> int:
        """Files analysed or failed so far."""
        return self.counts.done

    @property
    def decoded(self) -> int:
        """Files whose audio had to be decoded."""
        return self.counts.decoded

    @property
    def failures(self) -> Mapping[str, int]:
        """Files that failed, by code."""
        return self.counts.failures

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at the present rate; None where that is not known."""
        return (self.planned - self.done) / self.files_per_s if self.files_per_s else None


class ExtractionRuns:
    """The collections ``extraction_runs`` and ``extraction_batches``.

    Every batch has its own counts in the run's document, so that writing them is repeatable.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._runs = database["extraction_runs"]
        self._batches = database["extraction_batches"]

    @translated_errors()
    def create_indexes(self) -> None:
        """Create the index that `latest` uses."""
        ensure_index(self._runs, _LATEST_FIRST)

    @translated_errors()
    def start(
        self,
        run_id: str,
        batches: Iterable[Sequence[LibraryPath]],
        due_at: datetime,
        *,
        now: datetime | None = None,
    ) -> list[int]:
        """Record a run and what each of its batches is to analyse; runs that were broken off are closed.

        A run that is planned again keeps its counts: what it has done and what is left are what it planned.

        Parameters
        ----------
        now : datetime or None
            The time, where that is not when the run was due.

        Returns
        -------
        list of int
            How many files each batch has.
        """
        now = now or due_at
        # The old batches go first: their counts would be added once more if they were still there at a second start.
        self._delete_batches({})
        self._runs.update_many(
            {"_id": {"$ne": run_id}, "finished_at": None}, {"$set": {"finished_at": now, "is_broken_off": True}}
        )
        run = self._runs.find_one({"_id": run_id})
        earlier = _total(run) if run else Counts()
        document = {
            "started_at": run["started_at"] if run else due_at,
            "began_at": _began_at(run) if run else now,
            "planned": earlier.done,
            "earlier": _from_counts(earlier),
            "batches": {},
            "rates": {},
            "files_per_s": None,
            "updated_at": now,
            "finished_at": None,
            "is_broken_off": False,
        }
        # Likewise, what the old batches have done is one sum before there are new ones with the same numbers.
        self._runs.replace_one({"_id": run_id}, document, upsert=True)
        sizes = [self._put_batch(run_id, number, files) for number, files in enumerate(batches)]
        self._runs.update_one({"_id": run_id}, {"$set": {"planned": earlier.done + sum(sizes)}})
        return sizes

    def _put_batch(self, run_id: str, number: int, files: Sequence[LibraryPath]) -> int:
        batch = {
            "_id": f"{run_id}:{number}",
            "run_id": run_id,
            "number": number,
            "files": [{"root": file.root, "path": Binary(file.path)} for file in files],
        }
        self._batches.replace_one({"_id": batch["_id"]}, batch, upsert=True)
        return len(files)

    def _delete_batches(self, query: Mapping[str, str]) -> None:
        delete_found(self._batches, query, at_once=_BATCHES_AT_ONCE)

    @translated_errors()
    def close_unfinished(self, run_id: str, now: datetime) -> None:
        """Record the end of runs that nothing is left of: this one, and others that were broken off."""
        self._runs.update_one({"_id": run_id, "finished_at": None}, {"$set": {"finished_at": now}})
        self._runs.update_many({"finished_at": None}, {"$set": {"finished_at": now, "is_broken_off": True}})
        self._delete_batches({})

    @translated_errors()
    def batch(self, run_id: str, number: int) -> list[LibraryPath]:
        """The files of one batch; none once the run has finished, and no batch is without a file before."""
        document = self._batches.find_one({"_id": f"{run_id}:{number}"})
        files = document["files"] if document else []
        return [LibraryPath(file["root"], bytes(file["path"])) for file in files]

    @translated_errors()
    def open_batches(self) -> list[tuple[str, int]]:
        """Run id and number of every batch of a run that has not finished."""
        found = self._batches.find({"number": {"$exists": True}}, {"run_id": 1, "number": 1}).sort("_id", ASCENDING)
        return [(batch["run_id"], batch["number"]) for batch in found]

    @translated_errors()
    def put_progress(
        self,
        run_id: str,
        number: int,
        counts: Counts,
        files_per_s: float | None = None,
        now: datetime | None = None,
        *,
        longest_fetch_s: float = 0.0,
    ) -> None:
        """Write down what was done of one batch, all attempts together, and how long fetching a file of it may take.

        Parameters
        ----------
        files_per_s : float or None
            How fast the batch goes; None before that is known, and once it is not under way any more.
        """
        progress: dict[str, Any] = {f"batches.{number}": _from_counts(counts), "updated_at": now}
        change: dict[str, Any] = {"$set": progress, "$max": {"longest_fetch_s": longest_fetch_s}}
        if files_per_s is None or now is None:
            change["$unset"] = {f"rates.{number}": ""}
        else:
            progress |= {f"rates.{number}": {"files_per_s": files_per_s, "at": now}, "files_per_s": files_per_s}
        # To give back what it updates, the embedded server reads the whole collection.
        self._runs.update_one({"_id": run_id}, change)

    @translated_errors()
    def finish(self, run_id: str, now: datetime, *, left: int = 0) -> None:
        """Record the end of a run and how many files wait still, and drop its batches."""
        self._runs.update_one({"_id": run_id}, {"$set": {"finished_at": now, "left": left}})
        self._delete_batches({"run_id": run_id})

    @translated_errors()
    def get(self, run_id: str) -> ExtractionRun | None:
        """One run."""
        return _to_run(self._runs.find_one({"_id": run_id}))

    @translated_errors()
    def latest(self) -> ExtractionRun | None:
        """The run that began last."""
        return _to_run(self._runs.find_one(sort=_LATEST_FIRST))


def _from_counts(counts: Counts) -> dict[str, Any]:
    return asdict(counts) | {"failures": dict(counts.failures)}


def _began_at(document: Mapping[str, Any]) -> datetime:
    began: datetime = document.get("began_at", document["started_at"])
    return began


def _total(document: Mapping[str, Any]) -> Counts:
    if "batches" not in document:  # as written before batches had counts of their own
        return Counts(document["done"], document["decoded"], document["failures"])
    return sum((Counts(**counts) for counts in document["batches"].values()), Counts(**document["earlier"]))


def _live_rate(document: Mapping[str, Any]) -> float:
    """Files a second of all batches that were heard of not long before the one that was heard of last."""
    last = document.get("updated_at")
    rates = [
        float(rate["files_per_s"])
        for rate in document.get("rates", {}).values()
        if not last or last - rate["at"] <= _LIVE
    ]
    return sum(rates)


def _to_run(document: dict[str, Any] | None) -> ExtractionRun | None:
    if document is None:
        return None
    return ExtractionRun(
        run_id=document["_id"],
        started_at=document["started_at"],
        began_at=_began_at(document),
        planned=document["planned"],
        counts=_total(document),
        files_per_s=_live_rate(document) or document.get("files_per_s"),
        updated_at=document.get("updated_at"),
        finished_at=document["finished_at"],
        is_broken_off=document.get("is_broken_off", False),
        left=document.get("left", 0),
        longest_fetch_s=document.get("longest_fetch_s", 0.0),
    )
