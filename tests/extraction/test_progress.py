"""What the log of a batch tells people about the batch, and about the run that it is a part of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from earwise.errors import SilentAudioError
from earwise.extraction import progress
from earwise.extraction.messages import Analysis
from earwise.extraction.progress import Progress
from earwise.paths import LibraryPath
from earwise.store import Store
from earwise.store.extraction_runs import Counts
from earwise.tags import Tags
from tests.extraction.conftest import NOW

FILES = [LibraryPath("music", b"a.mp3")] * 1000
TRACK = Analysis("id", Tags("a", "b"), 30.0, {}, "", 1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have gone by, as a batch sees them."""
    seconds = [1000.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


@pytest.fixture(autouse=True)
def seen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "earwise.extraction.progress"):
        yield


def test_log_says_how_far_the_batch_and_the_run_are(
    store: Store, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    store.extraction_runs.start("run", [FILES, FILES, FILES], NOW)
    here = Progress(store, "run", 0, 1000, Counts(100, 90, {"truncated": 2}))
    elsewhere = Progress(store, "run", 1, 1000, Counts())
    clock[0] += 20
    elsewhere.add([TRACK] * 199, [SilentAudioError("There is nothing to hear.")])
    clock[0] += 20
    here.add([TRACK] * 199, [SilentAudioError("There is nothing to hear.")])
    assert caplog.messages[-1] == (
        "batch 1: 300 of 1000 files, 5.0 a second, 2 min left, 3 failed (truncated 2, silent 1); "
        "run: 500 of 3000 files, 15.0 a second, 3 min left, 4 failed (silent 2, truncated 2)"
    )
    run = store.extraction_runs.get("run")
    assert (run.files_per_s, run.done, run.failures) == (15.0, 500, {"silent": 2, "truncated": 2})


def test_batch_that_ended_goes_no_faster_and_no_slower(store: Store, clock: list[float]) -> None:
    store.extraction_runs.start("run", [FILES, FILES], NOW)
    here, elsewhere = (Progress(store, "run", number, 1000, Counts()) for number in range(2))
    clock[0] += 10
    for batch in (here, elsewhere):
        batch.add([TRACK] * 100, [])
    assert store.extraction_runs.get("run").files_per_s == 20.0
    here.finish()
    assert store.extraction_runs.get("run").files_per_s == 10.0


def test_batch_that_breaks_off_is_not_counted_as_under_way(store: Store, clock: list[float]) -> None:
    store.extraction_runs.start("run", [FILES, FILES], NOW)
    here, elsewhere = (Progress(store, "run", number, 1000, Counts()) for number in range(2))
    clock[0] += 10
    for batch in (here, elsewhere):
        batch.add([TRACK] * 100, [])
    here.forget_failures([])
    run = store.extraction_runs.get("run")
    assert (run.files_per_s, run.done) == (10.0, 200)
