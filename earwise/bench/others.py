"""The environment of what Earwise is compared with, apart from its own so that neither disturbs the other."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from earwise.embedded.environment import REPOSITORY

OTHERS = ("bliss", "essentia")
_FOLDER = REPOSITORY / ".venv-bench"
_LIST = REPOSITORY / "requirements-bench.txt"
_TOOLS = ("bliss-audio", "essentia", "locust")
_BLOCK = re.compile(r"^([\w.-]+)(?:\[.*\])?==.*\n(?: .*\n)*", re.MULTILINE)
_USER = re.compile(r"^ +# +(?:via )?([\w.-]+)$", re.MULTILINE)


def bench_python(say: Callable[[str], None]) -> Path | None:
    """The Python of the environment, made where it is missing; None where nothing of it can be installed.

    What can't be installed alone is missing in it, and tried again the next time.
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
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps", "--require-hashes"]
    # Wheels alone: to compile one of these takes tools that nobody has.
    install += ["--only-binary", ":all:", "-r"]
    if not _failure(*install, str(_LIST)):
        stamp.write_text(wanted, "utf-8")
        return python
    return python if _install_one_by_one(install, say) else None


def requirements_of(tool: str, listed: str) -> str:
    """The part of a compiled list of requirements that one of them takes: itself, and what is there for it.

    >>> listed = "a==1\\n    # via -r all.in\\nb==2\\n    # via\\n    #   a\\n    #   c\\nc==3\\n    # via -r all.in\\n"
    >>> [line for line in requirements_of("a", listed).splitlines() if "==" in line]
    ['a==1', 'b==2']
    """
    blocks = {found[1]: found[0] for found in _BLOCK.finditer(listed)}
    users = {name: set(_USER.findall(block)) for name, block in blocks.items()}
    needed = {tool}
    while more := {name for name, by in users.items() if by & needed} - needed:
        needed |= more
    return "".join(block for name, block in blocks.items() if name in needed)


def _install_one_by_one(install: Sequence[str], say: Callable[[str], None]) -> bool:
    """Install what can be had, as not all have wheels for every Python; whether any could be."""
    installed = []
    with tempfile.TemporaryDirectory(prefix="earwise-bench-") as folder:
        for tool in _TOOLS:
            listed = Path(folder) / f"{tool}.txt"
            listed.write_text(requirements_of(tool, _LIST.read_text("utf-8")), "utf-8")
            if failure := _failure(*install, str(listed)):
                say(f"{tool} can't be installed here: {failure}")
            else:
                installed.append(tool)
    return bool(installed)


def _failure(*command: str) -> str:
    """The end of what a command said when it failed; nothing if it did not."""
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return ended.stderr.strip()[-300:] or f"status {ended.returncode}" if ended.returncode else ""
