"""An embedded store in a folder of its own that is gone afterwards."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earwise.embedded.mongo import running_mongo
from earwise.embedded.ports import find_free_port
from earwise.settings import Settings
from earwise.store import open_store

_START_S = 60.0


@contextmanager
def temporary_store(settings: Settings) -> Iterator[Settings]:
    """Start the embedded server on a free port; yields the settings that lead to it, with a home of its own."""
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as home:
        own = dataclasses.replace(settings, home=Path(home), mongo_uri="", mongo_port=find_free_port())
        with running_mongo(own, own.home / "store.log"):
            with open_store(own, patience_s=_START_S) as store:
                store.ping()
                store.create_indexes()
            yield own
