"""The embedded server: opened, or set aside with a new one restored from the newest dump."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwise.embedded.mongo import mongo_command, store_folder
from earwise.embedded.ports import find_free_port
from earwise.embedded.processes import IDENTITY_VARIABLE, end_processes, identity
from earwise.embedded.programs import Program
from earwise.embedded.stack import stop_stack
from earwise.embedded.store_start import start_store
from earwise.embedded.supervisor import Supervisor
from earwise.settings import Settings
from earwise.store import Store, open_store
from earwise.store.listeners import Role
from tests.unit.progress import SilentProgress

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
Start = Callable[[], tuple[Store, SilentProgress]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a free port for its server."""
    settings = Settings.from_env({"EARWISE_HOME": str(tmp_path / "home")})
    settings.home.mkdir()
    return dataclasses.replace(settings, mongo_port=find_free_port())


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts the process manager and the store."""
    opened = []

    def run() -> tuple[Store, SilentProgress]:
        supervisor, progress = Supervisor(settings.home), SilentProgress()
        environ = {**os.environ, IDENTITY_VARIABLE: identity(settings.home)}
        supervisor.start([Program("mongo", mongo_command(settings), stop_wait_s=20)], environ)
        store = open_store(settings)
        opened.append(store)
        start_store(settings, supervisor, store, progress)
        return store, progress

    yield run
    for store in opened:
        store.close()
    stop_stack(settings.home)


def damage(settings: Settings) -> None:
    """Overwrite the server's files as a failing disk would."""
    for path in store_folder(settings.home).rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff" * 4096)


def test_data_is_there_after_a_stop_and_after_a_kill(settings: Settings, start: Start) -> None:
    store, _ = start()
    store.listeners.add("Ada", "hash", Role.LISTENER, NOW)
    stop_stack(settings.home)
    store, _ = start()
    assert store.listeners.get_by_name("ada") is not None
    store.listeners.add("Bela", "hash", Role.LISTENER, NOW)
    end_processes(settings.home, grace_s=0)
    store, progress = start()
    assert store.listeners.get_by_name("bela") is not None
    assert progress.said == []


def test_store_that_can_not_be_opened_is_set_aside_and_the_newest_dump_restored(
    settings: Settings, start: Start
) -> None:
    store, _ = start()
    store.listeners.add("Ada", "hash", Role.ADMIN, NOW)
    stop_stack(settings.home)
    start()  # takes a dump
    stop_stack(settings.home)
    damage(settings)
    store, progress = start()
    ada = store.listeners.get_by_name("ada")
    assert ada is not None
    assert ada.role is Role.ADMIN
    assert len(list((settings.home / "mongo").glob("*.unreadable-*"))) == 1
    assert any("could not be opened" in text for text in progress.said)
    assert any("Restored 1 document" in text for text in progress.said)


def test_store_that_is_gone_is_begun_anew_with_the_newest_dump(settings: Settings, start: Start) -> None:
    store, _ = start()
    store.listeners.add("Ada", "hash", Role.LISTENER, NOW)
    stop_stack(settings.home)
    start()
    stop_stack(settings.home)
    store_folder(settings.home).rename(settings.home / "moved away")
    store, _ = start()
    assert store.listeners.get_by_name("ada") is not None


def test_home_stays_with_the_server_that_it_began_with(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_folder(settings.home).mkdir(parents=True)
    mongod = tmp_path / "mongod"
    mongod.write_text("#!/bin/sh\n")
    mongod.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert store_folder(settings.home).name == "secantusdb"
    assert store_folder(tmp_path / "new home").name == "mongod"
    command = mongo_command(dataclasses.replace(settings, home=tmp_path / "new home"))
    assert command[0] == str(mongod)
    assert "--bind_ip" in command
