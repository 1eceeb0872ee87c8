"""What the plugin adds to Airflow's pages, through Airflow's own plugin manager."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROBE = Path(__file__).with_name("plugin_probe")


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow says of the plugin, in a process and a home of its own."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "EARWISE_"))},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROBE / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "EARWISE_HOME": str(home),
        "EARWISE_WEB_URL": "https://music.example.org/",
    }
    command = [sys.executable, str(PROBE / "probe.py")]
    probe = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    assert probe.returncode == 0, probe.stderr
    answer: dict[str, Any] = json.loads(probe.stdout.splitlines()[-1])
    return answer


def test_plugin_loads_without_an_error(probed: dict[str, Any]) -> None:
    assert probed["errors"] == {}
    assert len(probed["plugins"]) == 1


def test_navigation_opens_the_web_app_and_asks_no_other_host(probed: dict[str, Any]) -> None:
    (view,) = probed["plugins"][0]["external_views"]
    assert view["href"] == "https://music.example.org"
    assert view["destination"] == "nav"
    assert "url_route" not in view, "a frame of the web app would be refused"
    for icon in (view["icon"], view["icon_dark_mode"]):
        kind, _, drawing = icon.partition(",")
        assert kind == "data:image/svg+xml"
        assert unquote(drawing).startswith("<svg ")


def test_training_task_links_to_the_page_of_its_model(probed: dict[str, Any]) -> None:
    assert probed["link"] == "https://music.example.org/admin/models/20260131-020000"


def test_no_link_before_the_run_has_a_model(probed: dict[str, Any]) -> None:
    assert probed["link_before_plan"] == ""


def test_no_link_on_other_spark_tasks(probed: dict[str, Any]) -> None:
    assert (probed["link_of_other_task"], probed["link_of_other_dag"]) == ("", "")


def test_plugin_imports_nothing_heavy(probed: dict[str, Any]) -> None:
    assert probed["heavy"] == []
