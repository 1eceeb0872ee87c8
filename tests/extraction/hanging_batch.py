"""Extracts a batch whose files fail, and hangs in the kernel where the parent looks whether their disk is there.

Usage: hanging_batch.py MONGO_URI DATABASE LIBRARY RUN_ID FIFO
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from earwise.errors import TrackError, UnreadableFileError
from earwise.extraction import batches, deadline
from earwise.extraction.messages import Job
from earwise.features.config import MfccConfig
from earwise.root import Root
from earwise.settings import Settings
from earwise.store.client import open_store_at

uri, database, folder, run_id, fifo = sys.argv[1:]
deadline._START_S, deadline._FILE_S, deadline._GRACE_S = 3.0, 0.0, 1.0
batches.longest_outcome_s = lambda *_: 0.0


def fail(jobs: Sequence[Job], **_: object) -> Iterator[tuple[Job, TrackError]]:
    """Let every file fail."""
    for job in jobs:
        yield job, UnreadableFileError("The disk does not answer.")


def hang(*_: object) -> None:
    """Wait for somebody who opens the other end, as nobody does."""
    print("hanging", flush=True)  # noqa: T201
    os.close(os.open(fifo, os.O_RDONLY))


batches.analyse_files = fail
batches.check_roots = hang
settings = Settings(library=(Root("music", Path(folder)),), extract_processes=1)
with open_store_at(uri, database, patience_s=30.0) as store:
    batches.extract_batch(store, run_id, 0, settings, MfccConfig(), datetime.now(UTC))
