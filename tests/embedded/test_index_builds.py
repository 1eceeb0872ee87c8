"""An index that the embedded server was killed in building is built again, and not answered from in part."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from earwise.errors import StoreError
from earwise.store.client import open_store_at
from tests.extraction.server import OwnServer

TRACKS = 4_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path)
    server.start()
    yield server
    server.stop()


def test_index_of_which_a_part_was_built_is_dropped_and_built_again(server: OwnServer) -> None:
    with open_store_at(server.uri, "library") as store:
        documents = [{"_id": f"{number:032x}", "state": "ready", "sort_key": str(number)} for number in range(TRACKS)]
        store.client["library"]["tracks"].insert_many(documents)

    def build() -> None:
        with suppress(StoreError), open_store_at(server.uri, "library") as store:
            store.create_indexes()

    # Whenever it is killed.
    for seconds in (0.15, 0.4):
        building = threading.Thread(target=build)
        building.start()
        time.sleep(seconds)
        server.kill()
        building.join(60)
        server.start()
    with open_store_at(server.uri, "library") as store:
        store.create_indexes(is_server_new=True)
        found = store.client["library"]["tracks"].find({"state": "ready"}, {"_id": 1})
        assert len(list(found.sort([("state", 1), ("sort_key", 1)]))) == store.tracks.count_ready() == TRACKS
        assert not list(store.client["library"]["index_builds"].find())
