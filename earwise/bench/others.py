"""The environment of what Earwise is compared with, apart from its own so that neither disturbs the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from earwise.embedded.environment import REPOSITORY

OTHERS = ("bliss", "essentia")
_FOLDER = REPOSITORY / ".venv-bench"
_LIST = REPOSITORY / "requirements-bench.txt"
_TOOLS = ("bliss-audio", "essentia", "locust")


def bench_python(say: Callable[[str], None]) -> Path | None:
    """The Python of the environment, made where it is missing; None where nothing of it can be installed.

    One by one, as not all have wheels for every Python: what can't be installed is missing in it, and tried again the
    next time. Versions and digests are those of the compiled list.
    """
    python, stamp = _FOLDER / "bin" / "python", _FOLDER / "installed"
    wanted = f"{sys.version}\n{_LIST.read_text('utf-8')}"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    say(f"installing {_LIST.name}")
    uv = str(Path(sys.prefix) / "bin" / "uv")
    if failure := _failure(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(_FOLDER)):
        say(f"{_LIST.name} can't be installed here: {failure}")
        return None
    install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    # Wheels alone: to compile one of these takes tools that nobody has.
    install += ["--only-binary", ":all:", "--constraints", str(_LIST)]
    failures = {tool: failure for tool in _TOOLS if (failure := _failure(*install, tool))}
    for tool, failure in failures.items():
        say(f"{tool} can't be installed here: {failure}")
    if not failures:
        stamp.write_text(wanted, "utf-8")
    return python if len(failures) < len(_TOOLS) else None


def _failure(*command: str) -> str:
    """The end of what a command said when it failed; nothing if it did not."""
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return ended.stderr.strip()[-300:] or f"status {ended.returncode}" if ended.returncode else ""
