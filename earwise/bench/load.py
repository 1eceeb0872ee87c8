"""Puts load on the web app by locust, in a second process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from earwise.errors import EarwiseError

_SCRIPT = Path(__file__).with_name("listeners_load.py")
_PERCENTILES = (50, 95, 99)
#: What all requests say they come from: a session that another browser takes over is written anew with every answer.
USER_AGENT = "earwise-bench"
_CSRF_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Plan:
    """Who asks for what.

    Attributes
    ----------
    paths : sequence of str
        Asked for in turns by all listeners together.
    cookies : sequence of str
        Of the listeners who ask, in turns; none where nobody needs one.
    names : sequence of str
        Whom to log in by the form at the path, in turns, with this password; none where no form is sent.
    wait_s : tuple of float
        Least and most seconds between an answer and the next question.
    """

    name: str
    paths: Sequence[str]
    cookies: Sequence[str] = ()
    names: Sequence[str] = ()
    password: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {"User-Agent": USER_AGENT})
    status: int = 200
    wait_s: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """How the server answered.

    Attributes
    ----------
    rps : float
        Answers a second.
    percentiles_ms : dict
        ``p50_ms``, ``p95_ms`` and ``p99_ms``; above 100 ms in steps of ten.
    """

    rps: float
    percentiles_ms: dict[str, int]


def put_load(python: Path, address: str, plan: Plan, *, connections: int, seconds: float) -> LoadFigures:
    """Ask for so many seconds over so many connections.

    Parameters
    ----------
    python : Path
        An interpreter that has locust.

    Raises
    ------
    EarwiseError
        If a request failed: figures of errors are no figures.
    """
    with tempfile.TemporaryDirectory(prefix="earwise-load-") as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(asdict(plan)), "utf-8")
        command = [
            *(str(python), "-m", "locust", "-f", str(_SCRIPT), "--headless", "--json", "--host", address),
            *("--users", str(connections), "--spawn-rate", str(connections), "--run-time", f"{seconds:g}s"),
            *("--reset-stats", "--exit-code-on-error", "0", "--loglevel", "ERROR"),
        ]
        environment = {**os.environ, "EARWISE_BENCH_PLAN": str(file)}
        ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise EarwiseError(f"The load generator failed:\n{ended.stderr[-2000:]}")
    return _read(json.loads(ended.stdout), plan.name, ended.stderr)


def log_in(address: str, name: str, password: str) -> str:
    """The cookie of a new session."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    browser.addheaders = [("User-Agent", USER_AGENT)]
    with browser.open(f"{address}/log-in") as page:
        token = _CSRF_FIELD.search(page.read().decode())
    if token is None:
        raise EarwiseError(f"{address} asks nobody to log in.")
    form = {"csrf_token": token.group(1), "name": name, "password": password}
    browser.open(f"{address}/log-in", urlencode(form).encode()).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _read(entries: list[dict[str, object]], name: str, errors: str) -> LoadFigures:
    entry = next((entry for entry in entries if entry["name"] == name), None)
    if entry is None:
        raise EarwiseError(f"Nothing was answered for {name}:\n{errors[-2000:]}")
    if entry["num_failures"]:
        raise EarwiseError(f"{entry['num_failures']} of {entry['num_requests']} requests for {name} failed.")
    times = {int(float(ms)): int(str(count)) for ms, count in dict(entry["response_times"]).items()}  # type: ignore[call-overload]
    began, ended = float(str(entry["start_time"])), float(str(entry["last_request_timestamp"]))
    answers = sum(times.values())
    percentiles_ms = {f"p{share}_ms": percentile(times, share) for share in _PERCENTILES}
    return LoadFigures(round(answers / max(ended - began, 1e-3), 1), percentiles_ms)


def percentile(times: Mapping[int, int], share: int) -> int:
    """The least time within which this share of the answers came, in percent.

    >>> percentile({3: 98, 200: 2}, 95), percentile({3: 98, 200: 2}, 99)
    (3, 200)
    """
    needed, seen = share / 100 * sum(times.values()), 0
    for ms in sorted(times):
        seen += times[ms]
        if seen >= needed:
            return ms
    return 0
