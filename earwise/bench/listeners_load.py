"""What locust runs, in an environment of its own: listeners who ask for one page after another.

The plan of the load is the JSON file that ``EARWISE_BENCH_PLAN`` names (`earwise.bench.load.Plan`).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from pathlib import Path

from locust import FastHttpUser, task

_PLAN = json.loads(Path(os.environ["EARWISE_BENCH_PLAN"]).read_text("utf-8"))
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_LISTENERS = itertools.cycle(_PLAN["listeners"])
_PATHS = itertools.cycle(_PLAN["paths"])


class Listener(FastHttpUser):  # type: ignore[misc] # locust is not in the environment that types are checked in
    """A listener who is logged in; each asks for other paths than the others."""

    def wait_time(self) -> float:
        """Seconds between an answer and the next question."""
        shortest_s, longest_s = _PLAN["wait_s"]
        return random.uniform(shortest_s, longest_s)  # noqa: S311 - pauses

    def on_start(self) -> None:
        """Log in, where the plan is about what one sees then."""
        if _PLAN["listeners"] and not _PLAN["is_log_in"]:
            self._log_in("preparation")

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        """The request that is measured."""
        if _PLAN["is_log_in"]:
            self.client.cookiejar.clear()
            self._log_in(_PLAN["name"])
            return
        with self.client.get(
            next(_PATHS), headers=_PLAN["headers"], name=_PLAN["name"], allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code != _PLAN["status"]:
                answer.failure(f"status {answer.status_code}")

    def _log_in(self, name: str) -> None:
        page = self.client.get("/log-in", name="preparation").text
        token = _TOKEN.search(page)
        if token is None:
            raise RuntimeError(f"This is no page to log in on: {page[:500]}")
        form = {"csrf_token": token.group(1), "name": next(_LISTENERS), "password": _PLAN["password"]}
        with self.client.post("/log-in", form, name=name, allow_redirects=False, catch_response=True) as answer:
            if answer.status_code != 302:
                answer.failure(f"status {answer.status_code}")
