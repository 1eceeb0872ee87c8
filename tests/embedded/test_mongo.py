"""Which server is the embedded one, and of which version."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from earwise.embedded.mongo import mongo_version
from earwise.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"EARWISE_HOME": str(tmp_path)})


def test_version_is_that_of_the_package(settings: Settings) -> None:
    (settings.home / "mongo" / "secantusdb").mkdir(parents=True)
    assert mongo_version(settings) == f"secantusdb {metadata.version('secantusdb')}"


def test_version_of_mongod_is_what_it_says(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    program = settings.home / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'db version v8.0.4'\necho 'Build Info: {}'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (settings.home / "mongo" / "mongod").mkdir(parents=True)
    assert mongo_version(settings) == "mongod 8.0.4"
