"""A library to extract from, and what stands in the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from earwise.extraction.batches import extract_batch
from earwise.extraction.planning import plan_batches
from earwise.extraction.progress import BatchReport
from earwise.extraction.report import RunReport, report_run
from earwise.extraction.scanning import ScanReport, scan_library
from earwise.features.config import MfccConfig
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

Snapshot = Callable[[], dict[str, list[dict[str, Any]]]]


@dataclasses.dataclass
class Extraction:
    """Runs the tasks of the DAG one after the other, as the scheduler would."""

    store: Store
    settings: Settings
    config: MfccConfig = dataclasses.field(default_factory=MfccConfig)
    runs: int = 0
    now: datetime = NOW

    @property
    def run_id(self) -> str:
        return f"run {self.runs}"

    def scan(self) -> ScanReport:
        return scan_library(self.store, self.settings.roots, self.now)

    def run(
        self, *, retry_quarantined: bool = False, force: bool = False, is_reported: bool = True
    ) -> list[BatchReport]:
        self.scan()
        self.runs += 1
        batches = plan_batches(
            self.store,
            self.settings.roots,
            self.config,
            self.run_id,
            self.now,
            retry_quarantined=retry_quarantined,
            force=force,
        )
        reports = [
            extract_batch(self.store, self.run_id, batch.number, self.settings, self.config, self.now)
            for batch in batches
        ]
        if batches and is_reported:
            self.report()
        return reports

    def report(self) -> RunReport:
        return report_run(self.store, self.settings.roots, self.config, self.run_id, self.now)

    def codes(self) -> dict[str, str]:
        return {file.location.display: file.code for file in self.store.quarantine.recent(limit=1000)}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


@pytest.fixture
def extraction(store: Store, library: Path, tmp_path: Path) -> Extraction:
    settings = Settings(
        home=tmp_path / "home", library=(Root("music", library),), extract_processes=1, decode_timeout_s=60.0
    )
    return Extraction(store, settings)


@pytest.fixture
def snapshot(store: Store, database_name: str) -> Snapshot:
    """Every document of every collection."""
    database = store.client[database_name]

    def take() -> dict[str, list[dict[str, Any]]]:
        return {name: list(database[name].find().sort("_id", 1)) for name in sorted(database.list_collection_names())}

    return take
