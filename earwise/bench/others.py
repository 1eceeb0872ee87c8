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


def bench_python(say: Callable[[str], None]) -> Path | None:
    """The Python of the environment, made where it is missing; None where it can't be made."""
    python, stamp = _FOLDER / "bin" / "python", _FOLDER / "installed"
    wanted = f"{sys.version}\n{_LIST.read_text('utf-8')}"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    say(f"installing {_LIST.name}")
    uv = str(Path(sys.prefix) / "bin" / "uv")
    install = (uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--require-hashes")
    commands = (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(_FOLDER)),
        # Wheels alone: to compile one of these takes tools that nobody has.
        (*install, "--only-binary", ":all:", "-r", str(_LIST)),
    )
    for command in commands:
        ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if ended.returncode:
            say(f"{_LIST.name} can't be installed here: {ended.stderr.strip()[-300:]}")
            return None
    stamp.write_text(wanted, "utf-8")
    return python
