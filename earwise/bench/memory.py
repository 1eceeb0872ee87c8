"""How much memory processes hold."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

import psutil


def own_peak_rss_mb() -> float:
    """The most memory that this program held, in MB of 10^6 bytes."""
    # getrusage also counts what the process held before it became this program.
    return peak_rss_mb("self") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def peak_rss_mb(process: int | str) -> float:
    """The most memory that a process has held so far, in MB of 10^6 bytes; 0 where that can't be known."""
    # psutil knows what is held now, not the peak.
    with suppress(OSError), Path(f"/proc/{process}/status").open() as status:
        return next((int(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith("VmHWM:")), 0.0)
    return 0.0


def rss_bytes(process: psutil.Process) -> int:
    """The memory that a process holds now; 0 for one that has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
