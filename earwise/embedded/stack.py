"""The whole stack of one home: started in order, waited for, and stopped without a trace."""

from __future__ import annotations

import contextlib
import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from earwise.embedded.airflow_api import AirflowApi
from earwise.embedded.backup import back_up
from earwise.embedded.environment import AIRFLOW_USER, write_airflow_password
from earwise.embedded.first_admin import ensure_admin
from earwise.embedded.ports import local_address
from earwise.embedded.processes import end_processes
from earwise.embedded.programs import stack_programs
from earwise.embedded.progress import Progress
from earwise.embedded.secrets import Secrets
from earwise.embedded.store_start import start_store
from earwise.embedded.supervisor import Supervisor
from earwise.errors import EarwiseError, PartError
from earwise.settings import Settings
from earwise.store import Store

_START_LIMIT_S = 180
# Airflow's services take most of a small machine while they start, so that those come first which the others wait for.
_STARTED_FIRST = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor")
_STARTED_LATER = ("web", "airflow-triggerer")


class ManagerLostError(PartError):
    """The process manager was ended from outside; what it had started is left to itself."""


class Stack:
    """The parts that run for one home.

    Parameters
    ----------
    environment : dict of str to str
        What every part is started with.

    Attributes
    ----------
    began : datetime
        When this start began: nothing that runs is older.
    """

    def __init__(
        self, settings: Settings, secrets: Secrets, environment: dict[str, str], store: Store, progress: Progress
    ) -> None:
        self.settings = settings
        self.supervisor = Supervisor(settings.home)
        self._secrets = secrets
        self.environment = environment
        self._store = store
        self._progress = progress
        self.began = datetime.now(UTC)
        self._manager: subprocess.Popen[bytes] | None = None
        self._pids: dict[str, int] = {}

    def start(self) -> None:
        """Start every part; Airflow and the web app may still be waking when this returns."""
        settings = self.settings
        self.began = datetime.now(UTC)
        write_airflow_password(settings.home, self._secrets)
        self._manager = self.supervisor.start(stack_programs(settings), self.environment)
        migration = self._begin_migration()
        with self._progress.step("Starting the store"):
            start_store(settings, self.supervisor, self._store, self._progress)
            ensure_admin(self._store, self._secrets.admin_password)
        self._finish_migration(migration)
        for name in _STARTED_FIRST:
            self.supervisor.start_part(name)

    def wait_until_ready(self, api: AirflowApi) -> None:
        """Start what can wait, and return when web app and Airflow answer.

        Raises
        ------
        PartError
            If one of them does not start.
        """
        with self._progress.step("Starting Airflow and the web app"):
            self._wait("airflow-api-server", lambda: bool(api.health()))
            for name in _STARTED_LATER:
                self.supervisor.start_part(name)
            api.warm_up()
            self._wait("airflow-scheduler", lambda: api.health().get("scheduler") == "healthy")
            self._wait("airflow-dag-processor", lambda: api.health().get("dag_processor") == "healthy")
            self._wait("web", lambda: is_web_healthy(self.settings))

    def restart(self) -> None:
        """Start every part again after the process manager was killed."""
        self._progress.warn("The process manager was ended from outside; everything is started again.")
        end_processes(self.settings.home)
        self.start()

    def is_alive(self) -> bool:
        """Whether the process manager runs."""
        return self._manager is not None and self._manager.poll() is None

    def check(self) -> None:
        """Raise `ManagerLostError` unless the process manager runs."""
        if not self.is_alive():
            raise ManagerLostError("The process manager was ended from outside; ./run starts everything again.")

    def look_after(self) -> list[str]:
        """End what parts that crashed have left behind; returns the names of the parts that do not run.

        The process manager starts a crashed part again by itself, but knows nothing of its orphans.
        """
        if self._manager is None:
            return []
        parts = self.supervisor.parts()
        pids = {part.name: part.pid for part in parts}
        if pids != self._pids:
            end_processes(self.settings.home, spared=self._manager.pid)
            self._pids = pids
        return [part.name for part in parts if part.state == "FATAL"]

    def open_airflow(self) -> AirflowApi:
        """A client of this stack's Airflow."""
        return open_airflow(self.settings, self._secrets)

    def back_up(self) -> Path | None:
        """Dump what listeners made; only the embedded store needs it."""
        if self.settings.mongo_uri:
            return None
        return back_up(self._store, self.settings.mongo_database, self.settings.home)

    def stop(self) -> None:
        """Stop every part: the store last, and whatever is left of the others by force."""
        if self.is_alive():
            try:
                self.back_up()
            except (EarwiseError, OSError) as error:
                self._progress.warn(f"The dump at the end could not be written: {error}")
        stop_stack(self.settings.home)
        if self._manager is not None:
            self._manager.wait(timeout=30)

    def _wait(self, part: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while not is_ready():
            self.check()
            if self.supervisor.part(part).state == "FATAL" or time.monotonic() > deadline:
                raise PartError(f"{part} did not start; ./run logs {part} shows why.")
            time.sleep(0.3)

    def _begin_migration(self) -> subprocess.Popen[bytes] | None:
        stamp = self.settings.home / "airflow" / "migrated"
        if stamp.exists() and stamp.read_text("utf-8") == _airflow_version():
            return None
        if not stamp.exists():
            # A start that was cut short may have left half a database, and nothing in it is worth a repair.
            for leftover in stamp.parent.glob("airflow.db*"):
                leftover.unlink()
        with (self.settings.home / "logs" / "airflow-migration.log").open("wb") as log:
            return subprocess.Popen(
                [str(Path(sys.prefix) / "bin" / "airflow"), "db", "migrate"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _finish_migration(self, migration: subprocess.Popen[bytes] | None) -> None:
        if migration is None:
            return
        with self._progress.step("Preparing Airflow's database"):
            if migration.wait() != 0:
                raise PartError("Airflow's database could not be prepared; ./run logs airflow-migration shows why.")
        (self.settings.home / "airflow" / "migrated").write_text(_airflow_version(), "utf-8")


def stop_stack(home: Path) -> int:
    """Stop whatever runs for this home, with or without a process manager; returns how many had to be ended."""
    supervisor = Supervisor(home)
    if supervisor.is_up():
        with contextlib.suppress(EarwiseError):  # it may go away meanwhile: what is left is ended below
            _stop_parts(supervisor)
        supervisor.shut_down()
        deadline = time.monotonic() + 40
        while supervisor.is_up() and time.monotonic() < deadline:
            time.sleep(0.1)
    return end_processes(home)


def open_airflow(settings: Settings, secrets: Secrets) -> AirflowApi:
    """A client of the embedded Airflow."""
    address = f"http://{local_address(settings.host)}:{settings.airflow_port}"
    return AirflowApi(address, AIRFLOW_USER, secrets.airflow_password)


def is_web_healthy(settings: Settings) -> bool:
    """Whether the web app answers."""
    url = f"http://{local_address(settings.host)}:{settings.web_port}/health"
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _stop_parts(supervisor: Supervisor) -> None:
    """Stop all parts but the store at once, and wait for them."""
    names = [part.name for part in supervisor.parts() if part.name != "mongo"]
    for name in names:
        supervisor.stop_part(name)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if all(part.pid == 0 for part in supervisor.parts() if part.name in names):
            return
        time.sleep(0.1)


def _airflow_version() -> str:
    return importlib.metadata.version("apache-airflow")
