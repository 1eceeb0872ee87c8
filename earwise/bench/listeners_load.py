"""What locust runs, in an environment of its own: what listeners ask for, one page after another.

The plan of the load is the JSON file that ``EARWISE_BENCH_PLAN`` names (`earwise.bench.load.Plan`).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import time
from pathlib import Path

from locust import FastHttpUser, task

_PLAN = json.loads(Path(os.environ["EARWISE_BENCH_PLAN"]).read_text("utf-8"))
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_COOKIES = itertools.cycle(_PLAN["cookies"] or [""])
_NAMES = itertools.cycle(_PLAN["names"] or [""])
_PATHS = itertools.cycle(_PLAN["paths"])


class Listener(FastHttpUser):  # type: ignore[misc] # locust is not in the environment that types are checked in
    """A connection over which listeners ask, each for another path than the one before."""

    def wait_time(self) -> float:
        """Seconds between an answer and the next question."""
        shortest_s, longest_s = _PLAN["wait_s"]
        return random.uniform(shortest_s, longest_s)  # noqa: S311 - pauses

    def on_start(self) -> None:
        """Come at a moment of one's own: all at once, as no listeners do, would be a fiftieth of all that is asked."""
        time.sleep(self.wait_time())

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        """The request that is measured."""
        self.client.cookiejar.clear()
        path = next(_PATHS)
        if _PLAN["names"]:
            self._send("post", path, data=self._filled_in(path))
            return
        headers = {**_PLAN["headers"], "Cookie": next(_COOKIES)}
        onward = self._send("get", path, headers=headers)
        if onward:
            self._send("get", onward, headers=headers)

    def _send(self, method: str, path: str, **request: object) -> str | None:
        """Send it; the address to which a search leads on whose words were misspelt."""
        send = getattr(self.client, method)
        with send(path, name=_PLAN["name"], allow_redirects=False, catch_response=True, **request) as answer:
            onward = str((answer.headers or {}).get("Location", ""))
            if answer.status_code != _PLAN["status"] and not onward.startswith("/?"):
                answer.failure(f"status {answer.status_code}")
            else:
                answer.success()
        return onward if onward.startswith("/?") else None

    def _filled_in(self, path: str) -> dict[str, str]:
        page = self.client.get(path, name="preparation").text
        token = _TOKEN.search(page)
        if token is None:
            raise RuntimeError(f"This is no page to log in on: {page[:500]}")
        return {"csrf_token": token.group(1), "name": next(_NAMES), "password": _PLAN["password"]}
