"""The environment of every part of the embedded stack."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from earwise.embedded.ports import local_address
from earwise.embedded.processes import IDENTITY_VARIABLE, identity
from earwise.embedded.secrets import Secrets, write_private
from earwise.root import Root
from earwise.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
AIRFLOW_USER = "admin"
# Variables of the shell that would bend a part: another Airflow or Spark, other code, a server's own switches.
_DROPPED = (
    "AIRFLOW_",
    "SPARK_",
    "PYSPARK_",
    "PYTHONPATH",
    "PYTHONHOME",
    "GUNICORN_",
    "FLASK_",
    "WEB_CONCURRENCY",
    "PYTHONDONTWRITEBYTECODE",
)
_LOCAL = "127.0.0.1,localhost"
# Task runners beside the cores' worth of decoding: reports and Spark's driver wait for it, and use little themselves.
_SPARE_TASKS = 2


def stack_environment(
    settings: Settings, secrets: Secrets, java_home: Path, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Variables of all parts: those of the shell, with Earwise's, Airflow's and Spark's set."""
    environ = os.environ if environ is None else environ
    programs = Path(sys.prefix) / "bin"
    return {
        **{name: value for name, value in environ.items() if not name.startswith(_DROPPED)},
        **settings_environment(settings),
        **airflow_environment(settings, secrets),
        IDENTITY_VARIABLE: identity(settings.home),
        # Airflow and gunicorn rename their processes, which by default overwrites the environment that tells whose
        # they are.
        "SPT_NOENV": "1",
        "PATH": f"{programs}{os.pathsep}{java_home / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": sys.prefix,
        "PYTHONUNBUFFERED": "1",
        "JAVA_HOME": str(java_home),
        "PYSPARK_PYTHON": str(programs / "python"),
        "PYSPARK_DRIVER_PYTHON": str(programs / "python"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        **{name: ",".join(filter(None, (environ.get(name), _LOCAL))) for name in ("NO_PROXY", "no_proxy")},
    }


def settings_environment(settings: Settings) -> dict[str, str]:
    """The settings as the variables that give them back."""
    values = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value is None:
            continue
        values[field.metadata["variable"]] = _join_roots(value) if field.name == "library" else str(value)
    return values


def airflow_environment(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Airflow's own variables."""
    folder = settings.home / "airflow"
    server = f"http://{local_address(settings.host)}:{settings.airflow_port}"
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": REPOSITORY / "dags",
            "plugins_folder": REPOSITORY / "plugins",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": (os.cpu_count() or 1) + _SPARE_TASKS,
            "fernet_key": secrets.airflow_fernet_key,
            "simple_auth_manager_users": f"{AIRFLOW_USER}:admin",
            "simple_auth_manager_passwords_file": folder / "passwords.json",
            "execution_api_server_url": f"{server}/execution/",
            # The default asks the name service, which takes seconds where there is none.
            "hostname_callable": "socket.gethostname",
        },
        # Five services write to one file: on a busy machine one may hold it for longer than SQLite's 5 s.
        "database": {"sql_alchemy_conn": f"sqlite:///{folder / 'airflow.db'}?timeout=60"},
        "api": {
            "host": settings.host,
            "port": settings.airflow_port,
            "base_url": settings.public_airflow_url,
            "workers": 1,
            "secret_key": secrets.airflow_secret_key,
            "instance_name": "Earwise",
        },
        "api_auth": {"jwt_secret": secrets.airflow_jwt_secret},
        # A file that has changed is read at once all the same; to read all of them costs seconds.
        "dag_processor": {"refresh_interval": 30, "min_file_process_interval": 600, "print_stats_interval": 0},
        # A task runner that was killed is noticed within a minute, not within five.
        "scheduler": {
            "scheduler_idle_sleep_time": 0.5,
            "task_instance_heartbeat_timeout": 60,
            "orphaned_tasks_check_interval": 30,
        },
        # A busy machine answers late; giving up early only asks again.
        "workers": {"execution_api_timeout": 30},
        "logging": {"colored_console_log": False},
    }
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, values in options.items()
        for name, value in values.items()
    }
    connection = {"conn_type": "spark", "host": settings.spark_master, "extra": {"spark-binary": "spark-submit"}}
    return {**variables, "AIRFLOW_HOME": str(folder), "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(connection)}


def write_airflow_password(home: Path, secrets: Secrets) -> None:
    """Give Airflow's user its password."""
    (home / "airflow").mkdir(parents=True, exist_ok=True)
    write_private(home / "airflow" / "passwords.json", json.dumps({AIRFLOW_USER: secrets.airflow_password}) + "\n")


def _join_roots(roots: tuple[Root, ...]) -> str:
    return ":".join(f"{root.name}={root.address}" for root in roots)
