"""gunicorn is told what it knows: it passes over names in a configuration that it does not."""

from __future__ import annotations

import gc
from pathlib import Path

import yaml
from gunicorn.config import make_settings

from earwise.embedded.programs import web_command
from earwise.settings import Settings
from tests.conftest import REPOSITORY
from webapp import processes

_OPTION = "python:webapp.processes"


def test_gunicorn_knows_every_setting() -> None:
    told = {name for name in vars(processes) if not name.startswith("_")} - {"annotations", "gc"}
    assert told >= {"workers", "threads", "worker_class", "post_worker_init"}
    assert processes.worker_class == "gthread", "an audio stream occupies a thread for long, not a process"
    assert processes.threads > 1
    assert told <= set(make_settings())


def test_every_place_starts_the_app_by_the_same_settings(tmp_path: Path) -> None:
    command = web_command(Settings(home=tmp_path), "webapp:create_app()")
    assert command[command.index("--config") + 1] == _OPTION
    services = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text("utf-8"))["services"]
    assert f"--config={_OPTION}" in services["web"]["command"]


def test_what_is_loaded_is_left_out_of_garbage_collection() -> None:
    try:
        processes.post_worker_init(object())
        assert gc.get_freeze_count() > 1_000
    finally:
        gc.unfreeze()
