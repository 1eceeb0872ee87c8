"""The processor cores that this process may use, which in a container may be few of the machine's."""

from __future__ import annotations

import os


def usable_cores() -> list[int]:
    """Their numbers, as far as the system tells them."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return list(range(os.cpu_count() or 1))
