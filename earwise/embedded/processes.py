"""Processes of a home: every process that the stack starts carries a variable with the home's path.

By that variable leftovers of a crash are found (orphaned task runners and Spark's Java included) and ended, and only
those: never by name.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

IDENTITY_VARIABLE = "EARWISE_STACK"


def identity(home: Path) -> str:
    """Value of `IDENTITY_VARIABLE` in every process of this home."""
    return str(home.resolve())


def find_processes(home: Path) -> list[psutil.Process]:
    """The living processes that the stack of this home started, whoever their parent is now."""
    wanted, own = identity(home), os.getpid()
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != own and process.environ().get(IDENTITY_VARIABLE) == wanted and _is_alive(process):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # somebody else's, or gone meanwhile
    return found


def end_processes(home: Path, *, spared: int | None = None, grace_s: float = 4.0) -> int:
    """End every process of this home: asked first, killed after `grace_s` seconds.

    Parameters
    ----------
    spared : int or None
        Number of a process that is left alone with all its descendants: those who lost their parent are ended.

    Returns
    -------
    int
        How many there were.
    """
    ended: set[int] = set()
    # More than once, because a process may start another one while it is being ended.
    for _ in range(5):
        processes = [process for process in find_processes(home) if not _descends(process, spared)]
        if not processes:
            break
        ended |= {process.pid for process in processes}
        _signal(processes, kill=False)
        _, alive = psutil.wait_procs(processes, timeout=grace_s)
        _signal(alive, kill=True)
        psutil.wait_procs(alive, timeout=5)
    return len(ended)


def _descends(process: psutil.Process, ancestor: int | None) -> bool:
    try:
        return ancestor is not None and ancestor in {process.pid, *(parent.pid for parent in process.parents())}
    except psutil.Error:
        return True  # gone meanwhile


def _signal(processes: list[psutil.Process], *, kill: bool) -> None:
    for process in processes:
        try:
            process.kill() if kill else process.terminate()
        except psutil.Error:
            continue


def _is_alive(process: psutil.Process) -> bool:
    return bool(process.status() != psutil.STATUS_ZOMBIE)
