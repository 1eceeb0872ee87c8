"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo.monitoring
import pytest
from xdist.scheduler import LoadFileScheduling

from earwise.store import Store
from earwise.store.client import open_store_at

REPOSITORY = Path(__file__).resolve().parent.parent
_QUERIES = {"find", "aggregate", "count", "findAndModify", "getMore", "insert", "update", "delete", "createIndexes"}


class QueryLog(pymongo.monitoring.CommandListener):
    """What was asked of MongoDB, while somebody wants to know."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, Mapping[str, Any]]] = []
        self.is_wanted = False

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if self.is_wanted and event.command_name in _QUERIES:
            self.commands.append((event.command_name, event.command))

    def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None: ...


# Clients take the global listeners when they are made: this one must be there before the store is opened.
QUERY_LOG = QueryLog()
pymongo.monitoring.register(QUERY_LOG)


@pytest.fixture
def queries() -> Iterator[Callable[[], list[str]]]:
    """Returns and forgets the queries since it was last asked."""

    def take() -> list[str]:
        return [f"{name} {command.get(name)}" for name, command in _take_commands()]

    with _logging():
        yield take


@pytest.fixture
def commands() -> Iterator[Callable[[], list[tuple[str, Mapping[str, Any]]]]]:
    """Returns and forgets the queries since it was last asked, whole, each after its name."""
    with _logging():
        yield _take_commands


@contextmanager
def _logging() -> Iterator[None]:
    QUERY_LOG.is_wanted = True
    yield
    QUERY_LOG.is_wanted = False
    _take_commands()


def _take_commands() -> list[tuple[str, Mapping[str, Any]]]:
    taken, QUERY_LOG.commands = QUERY_LOG.commands, []
    return taken


class _Scheduling(LoadFileScheduling):
    """Gives the tests of one file to one process, since they share its servers; all of Spark's, since they share it."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "tests/spark" if file.startswith("tests/spark/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Scheduling:
    return _Scheduling(config, log)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MongoDB-protocol server: the embedded one, or the one that EARWISE_TEST_MONGO_URI names."""
    if given := os.environ.get("EARWISE_TEST_MONGO_URI"):
        yield given
        return
    folder, port = tmp_path_factory.mktemp("mongo"), free_port()
    program = shutil.which("secantusd-py", path=str(Path(sys.executable).parent))
    assert program, "secantusd-py is not installed beside this Python"
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder / "store")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        uri = f"mongodb://127.0.0.1:{port}"
        with open_store_at(uri, "ping") as store:
            store.ping()
        yield uri
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:  # seen once: the signal was lost and the server went on listening
            server.kill()


@pytest.fixture
def database_name() -> str:
    """A name that no other test uses."""
    return f"test_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def store(mongo_uri: str, database_name: str) -> Iterator[Store]:
    """An empty store with its indexes, on the real server."""
    with open_store_at(mongo_uri, database_name) as opened:
        opened.create_indexes()
        yield opened
