"""``./run logs``: the end of the parts' logs, and of a DAG's newest run."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from earwise.errors import EarwiseError
from earwise.settings import Settings


def show(settings: Settings, part: str | None, *, lines: int, is_following: bool) -> int:
    """Print the last lines of one log or of all, and go on with what is added."""
    paths = find_logs(settings.home, part)
    for path in paths:
        if len(paths) > 1:
            print(f"==> {path.name} <==")
        with path.open(encoding="utf-8", errors="replace") as file:
            print("".join(deque(file, maxlen=max(lines, 0))), end="")
    try:
        while is_following:
            time.sleep(0.5)
            _follow(paths)
    except KeyboardInterrupt:
        return 0
    return 0


def find_logs(home: Path, part: str | None) -> list[Path]:
    """The log files of a part or of a DAG's newest run; of all parts if none is named.

    Raises
    ------
    EarwiseError
        If there is no such log; says which there are.
    """
    parts = {path.stem: path for path in sorted((home / "logs").glob("*.log"))}
    if part is None:
        if not parts:
            raise EarwiseError("There are no logs yet; ./run starts Earwise.")
        return list(parts.values())
    if part in parts:
        return [parts[part]]
    runs = sorted((home / "airflow" / "logs").glob(f"dag_id={part}/run_id=*"), key=lambda path: path.stat().st_mtime)
    if runs:
        return sorted(runs[-1].rglob("*.log"), key=lambda path: path.stat().st_mtime)
    raise EarwiseError(f"There is no log of {part!r}; there are: {', '.join(parts) or 'none yet'}.")


_positions: dict[Path, int] = {}


def _follow(paths: list[Path]) -> None:
    for path in paths:
        size = path.stat().st_size
        start = _positions.setdefault(path, size)
        if size < start:  # rotated
            start = 0
        if size > start:
            with path.open("rb") as file:
                file.seek(start)
                print(file.read().decode("utf-8", "replace"), end="", flush=True)
        _positions[path] = size
