"""Analyses a file on which the worker hangs; says so once it does."""

from __future__ import annotations

import sys
from pathlib import Path

from earwise.extraction import link, pool
from earwise.extraction.messages import Job
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root

link.WORKER_COMMAND = (sys.executable, str(Path(__file__).with_name("faulty_worker.py")))
begin = link.Link.begin


def begin_and_say_so(worker: link.Link, job: Job) -> None:
    """Print a line once the worker has been given its file."""
    begin(worker, job)
    print("hanging", flush=True)  # noqa: T201


link.Link.begin = begin_and_say_so  # type: ignore[method-assign]
jobs = [Job(LibraryPath("music", b"hang.wav"), (Root("music", Path("/nowhere")),), (MfccConfig(),))]
list(pool.analyse_files(jobs, processes=1, timeout_s=300, known_versions=lambda audio_id: frozenset()))
