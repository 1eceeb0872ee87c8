"""Scans or plans, and hangs in the kernel where a disk is asked.

Usage: hanging_scan.py MONGO_URI DATABASE LIBRARY scan|plan FIFO
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from earwise.extraction import deadline, knocking, scanning
from earwise.extraction.planning import plan_batches
from earwise.extraction.scanning import scan_library
from earwise.features.config import MfccConfig
from earwise.library import scan
from earwise.root import Root
from earwise.store.client import open_store_at

LATER = datetime(2026, 1, 31, 12, 15, tzinfo=UTC)
uri, database, folder, task, fifo = sys.argv[1:]
deadline._GRACE_S, scanning._LONGEST_FOLDER_S, knocking._KNOCKING_S = 1.0, 2.0, 2.0


def hang(*_: object, **__: object) -> None:
    """Wait for somebody who opens the other end, as nobody does."""
    print("hanging", flush=True)  # noqa: T201
    os.close(os.open(fifo, os.O_RDONLY))


scan._read_folder = hang
knocking.check_readable = hang
roots = (Root("music", Path(folder)),)
with open_store_at(uri, database, patience_s=30.0) as store:
    if task == "scan":
        scan_library(store, roots, LATER)
    else:
        plan_batches(store, roots, MfccConfig(), "run", LATER)
