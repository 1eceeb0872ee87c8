"""Extraction in a daemonic process, as a Celery worker's are: multiprocessing would refuse to start others there."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from earwise.settings import Settings
from earwise.store.client import open_store_at
from tests.audio import write_tone
from tests.extraction.conftest import Extraction


def _extract(uri: str, database: str, settings: Settings) -> None:
    assert multiprocessing.current_process().daemon
    with pytest.raises(AssertionError, match="daemonic processes are not allowed to have children"):
        multiprocessing.get_context("spawn").Process(target=print).start()
    with open_store_at(uri, database) as store:
        (report,) = Extraction(store, settings).run()
    assert (report.analysed, dict(report.failures)) == (3, {"not_audio": 1})


def test_batch_is_analysed_in_a_daemonic_process(
    extraction: Extraction, library: Path, mongo_uri: str, database_name: str
) -> None:
    for number, name in enumerate(("a.wav", "b.flac", "c.mp3")):
        write_tone(library / name, number, duration_s=1.2)
    (library / "d.mp3").write_text("words")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_extract, args=(mongo_uri, database_name, extraction.settings), daemon=True)
    process.start()
    process.join(120)
    assert process.exitcode == 0
    assert extraction.store.tracks.count_ready() == 3
