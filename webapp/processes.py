"""How gunicorn serves the app wherever it runs: its configuration, ``--config python:webapp.processes``."""

from __future__ import annotations

import gc

import gunicorn as _gunicorn

# Threads, because an audio stream occupies one for long. Four processes, since a thread that draws a page makes the
# others of its process wait: of 50 busy listeners 99 % had the recommendations within 160 ms from two of them, within
# 82 ms from four (2 cores, 10,000 tracks, docs/benchmarks/web.md).
worker_class = "gthread"
workers = 4
threads = 8
graceful_timeout = 5
accesslog = "-"
# Which program answers, and of which version, is nobody's business.
_gunicorn.SERVER = "Earwise"
# It would be opened in the user's home, where every instance finds the same one.
control_socket_disable = True


def when_ready(server: object) -> None:
    """Leave what the server has loaded to all processes as it is: what garbage collection touches they can't share."""
    _freeze()


def post_worker_init(worker: object) -> None:
    """Leave what was loaded out of garbage collection, which stopped a process for 65 to 120 ms to go through it.

    What requests leave behind is collected as ever.
    """
    _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()
