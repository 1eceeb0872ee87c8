"""Does what a run of the DAG does, in one process that can be killed.

Usage: whole_run.py MONGO_URI DATABASE LIBRARY RUN_ID
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from earwise.extraction import link, planning
from earwise.extraction.batches import extract_batch
from earwise.extraction.directory import refresh_stale_directory
from earwise.extraction.report import report_run
from earwise.extraction.scanning import scan_library
from earwise.features.config import MfccConfig
from earwise.log import configure_logging
from earwise.root import Root
from earwise.settings import Settings
from earwise.store.client import open_store_at

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def main() -> None:
    """Scan, plan, extract in batches of ten, report."""
    uri, database, folder, run_id = sys.argv[1:]
    configure_logging()
    link.WORKER_COMMAND = (sys.executable, str(Path(__file__).with_name("faulty_worker.py")))
    planning.SMALLEST_BATCH = planning.LARGEST_BATCH = 10
    settings = Settings(library=(Root("music", Path(folder)),), extract_processes=2, decode_timeout_s=60.0)
    config = MfccConfig()
    with open_store_at(uri, database, patience_s=30.0) as store:
        store.create_indexes()
        scan_library(store, settings.library, NOW)
        refresh_stale_directory(store)
        batches = planning.plan_batches(store, settings.library, config, run_id, NOW)
        for batch in batches:
            extract_batch(store, run_id, batch.number, settings, config, NOW)
        if batches:
            report_run(store, settings.library, config, run_id, NOW)


if __name__ == "__main__":
    main()
