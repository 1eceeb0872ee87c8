"""What the parts of the stack are started with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earwise.embedded.environment import REPOSITORY, settings_environment, stack_environment
from earwise.embedded.processes import IDENTITY_VARIABLE
from earwise.embedded.secrets import load_secrets
from earwise.settings import Settings

GIVEN = {
    "EARWISE_LIBRARY": "cds=/srv/c d:vinyl=/srv/vinyl",
    "EARWISE_MONGO_URI": "mongodb://10.0.0.1/?replicaSet=rs",
    "EARWISE_WEB_PORT": "9000",
    "EARWISE_DECODE_TIMEOUT_S": "2.5",
    "EARWISE_SPARK_MASTER": "spark://10.0.0.2:7077",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of the parts, for a shell with a few of its own."""
    settings = Settings.from_env({**GIVEN, "EARWISE_HOME": str(tmp_path)})
    shell = {
        "PATH": "/usr/bin",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
        "SPARK_HOME": "/opt/old-spark",
        "PYTHONPATH": "/elsewhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "intranet",
        "LANG": "C.UTF-8",
    }
    return stack_environment(settings, load_secrets(tmp_path), Path("/opt/java"), shell)


def test_settings_survive_the_way_through_the_environment(tmp_path: Path) -> None:
    settings = Settings.from_env({**GIVEN, "EARWISE_HOME": str(tmp_path)})
    assert Settings.from_env(settings_environment(settings)) == settings


def test_another_airflow_or_spark_of_the_shell_does_not_reach_the_parts(environment: dict[str, str]) -> None:
    assert environment["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert not {"SPARK_HOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"} & set(environment)
    assert environment["LANG"] == "C.UTF-8"


def test_airflow_listens_where_the_settings_say_and_reads_this_repository(environment: dict[str, str]) -> None:
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "8808"
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(REPOSITORY / "dags")
    assert (REPOSITORY / "dags" / "train_clusters.py").is_file()


def test_spark_goes_to_the_master_of_the_settings(environment: dict[str, str]) -> None:
    connection = json.loads(environment["AIRFLOW_CONN_SPARK_DEFAULT"])
    assert connection["conn_type"] == "spark"
    assert connection["host"] == "spark://10.0.0.2:7077"


def test_every_part_carries_whose_it_is_even_when_it_renames_itself(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert environment[IDENTITY_VARIABLE] == str(tmp_path.resolve())
    assert environment["SPT_NOENV"] == "1"


def test_this_machine_is_never_reached_by_a_proxy(environment: dict[str, str]) -> None:
    assert environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"
