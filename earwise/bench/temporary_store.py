"""An embedded store in a folder of its own that is gone afterwards."""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earwise.embedded.mongo import mongo_command
from earwise.embedded.ports import find_free_port
from earwise.settings import Settings
from earwise.store import open_store

_START_S, _END_S = 60.0, 20.0


@contextmanager
def temporary_store(settings: Settings) -> Iterator[Settings]:
    """Start the embedded server on a free port; yields the settings that lead to it, with a home of its own."""
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as home:
        own = dataclasses.replace(settings, home=Path(home), mongo_uri="", mongo_port=find_free_port())
        with (Path(home) / "store.log").open("wb") as log:
            server = subprocess.Popen(mongo_command(own), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            with open_store(own, patience_s=_START_S) as store:
                store.ping()
                store.create_indexes()
            yield own
        finally:
            server.terminate()
            try:
                server.wait(_END_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
