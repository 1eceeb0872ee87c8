"""Airflow's REST API, as far as the main job needs it: unpause, trigger, and watch exactly one Dag run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from earwise.errors import EarwiseError, PartError

_FINISHED = ("success", "failed")
_UNFINISHED = ("queued", "running")
# Every request is safe to repeat. Together this is longer than the process manager needs to restart Airflow.
_PAUSES_S = (0.5, 1, 2, 4, 8, 15, 15)


@dataclass(frozen=True, slots=True)
class TaskState:
    """How one task of a Dag run is doing.

    Attributes
    ----------
    state : str or None
        None before Airflow has looked at it.
    map_index : int
        Number of a mapped task, -1 for others.
    """

    task_id: str
    state: str | None
    map_index: int
    try_number: int


class AirflowApi:
    """A client of one Airflow; a context manager that closes its connection."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self._credentials = {"username": user, "password": password}
        # Straight to this machine, whatever proxy the shell names.
        self._client = httpx.Client(base_url=address, timeout=30, trust_env=False)
        self._token = ""

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def health(self) -> dict[str, str]:
        """State of each service (``scheduler``, ``dag_processor``, …); empty while Airflow does not answer."""
        try:
            answer = self._client.get("/api/v2/monitor/health", timeout=5)
            return {name: str(service["status"]) for name, service in answer.json().items()}
        except (httpx.HTTPError, ValueError, AttributeError, KeyError, TypeError):
            return {}

    def warm_up(self) -> None:
        """Have Airflow build what its tasks talk to, which it otherwise does when the first task starts."""
        with contextlib.suppress(httpx.HTTPError):
            self._client.get("/execution/health", timeout=60)

    def has_dag(self, dag_id: str) -> bool:
        """Whether the DAG has been found and can run."""
        answer = self._request("GET", f"/api/v2/dags/{dag_id}", allowed=(404,))
        return answer is not None and not answer["has_import_errors"] and not answer["is_stale"]

    def import_errors(self) -> list[str]:
        """What stopped DAG files from being read: file name and the last line of the trace."""
        found = self._request("GET", "/api/v2/importErrors") or {"import_errors": []}
        return [
            f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in found["import_errors"]
        ]

    def ensure_pool(self, name: str, *, slots: int, description: str) -> None:
        """Make a pool unless there is one, whose size may have been changed by hand."""
        if self._request("GET", f"/api/v2/pools/{name}", allowed=(httpx.codes.NOT_FOUND,)) is None:
            body = {"name": name, "slots": slots, "description": description}
            self._request("POST", "/api/v2/pools", json=body, allowed=(httpx.codes.CONFLICT,))

    def unpause(self, dag_id: str) -> None:
        """Let the schedule of a DAG run."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, object] | None = None) -> None:
        """Begin a Dag run under this id; safe to repeat."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body, allowed=(httpx.codes.CONFLICT,))

    def run_state(self, dag_id: str, run_id: str) -> str:
        """State of a Dag run: queued, running, success or failed."""
        run = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return str(run["state"]) if run else "failed"

    def unfinished_runs(self, dag_id: str, *, before: datetime) -> list[str]:
        """Ids of the Dag runs that were begun before a moment and have not ended."""
        found = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"state": list(_UNFINISHED)})
        runs = found["dag_runs"] if found else []
        return [run["dag_run_id"] for run in runs if datetime.fromisoformat(run["queued_at"]) < before]

    def fail_run(self, dag_id: str, run_id: str, note: str) -> None:
        """End a Dag run that cannot go on, saying why."""
        self._request("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed", "note": note})

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Every task of a Dag run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found = self._request("GET", path, params={"limit": 100})
        return [
            TaskState(task["task_id"], task["state"], task["map_index"], task["try_number"])
            for task in (found or {"task_instances": []})["task_instances"]
        ]

    def task_log(self, dag_id: str, run_id: str, task: TaskState, lines: int) -> list[str]:
        """The last lines that a task logged."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        found = self._request("GET", path, params={"map_index": task.map_index, "full_content": True}, allowed=(404,))
        content = found["content"] if found else []
        return [line for entry in content for line in _log_lines(entry)][-lines:]

    def _request(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        allowed: tuple[int, ...] = (),
    ) -> Any:
        answer = self._send_patiently(method, path, json, params)
        if answer.status_code in allowed:
            return None
        if answer.is_error:
            raise PartError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def _send_patiently(
        self, method: str, path: str, json: Mapping[str, Any] | None, params: Mapping[str, Any] | None
    ) -> httpx.Response:
        """Send, and send again while Airflow is restarted, is too busy, or no longer takes the token."""
        problem: Exception | None = None
        for pause_s in _PAUSES_S:
            try:
                answer = self._send(method, path, json, params)
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    self._token = ""
                elif not answer.is_server_error:
                    return answer
            except httpx.HTTPError as error:
                problem = error
            time.sleep(pause_s)
        try:
            return self._send(method, path, json, params)
        except httpx.HTTPError as error:
            raise PartError(
                f"Airflow does not answer ({problem or error}); ./run logs airflow-api-server shows why."
            ) from error

    def _send(
        self, method: str, path: str, json: Mapping[str, Any] | None, params: Mapping[str, Any] | None
    ) -> httpx.Response:
        if not self._token:
            answer = self._client.post("/auth/token", json=self._credentials)
            if answer.is_error:
                raise EarwiseError(f"Airflow refused its own user's password: {answer.status_code} {answer.text[:300]}")
            self._token = answer.json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        return self._client.request(method, path, json=json, params=params, headers=headers)


def is_finished(state: str) -> bool:
    """Whether a Dag run of this state has ended."""
    return state in _FINISHED


def _log_lines(entry: Any) -> list[str]:
    """Text of one structured log entry, with the error it carries."""
    if not isinstance(entry, dict):
        return str(entry).splitlines()
    lines = str(entry.get("event", "")).splitlines()
    for error in entry.get("error_detail") or ():
        lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return lines
