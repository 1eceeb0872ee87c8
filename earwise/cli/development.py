"""``./run test``, ``check`` and ``lock``: what those who work on Earwise need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from earwise.embedded.environment import REPOSITORY
from earwise.errors import EarwiseError

# Half of the time a test waits for what it started. In the order of folders, since those of whole systems come first.
_FOUR_AT_A_TIME = ("-n", "4", "--no-loadscope-reorder")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run(command: str, *, is_all: bool, arguments: Sequence[str]) -> int:
    """Run one of the three commands."""
    if command == "lock":
        return lock()
    status = check()
    if command == "check" or status:
        return status
    return test(is_all=is_all, arguments=arguments)


def check() -> int:
    """Style, types and who imports whom; returns the first failing status."""
    for command in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
    ):
        if status := _call(*command):
            return status
    return 0


def test(*, is_all: bool, arguments: Sequence[str]) -> int:
    """The tests: all but the slow ones, or all."""
    _ensure_browser()
    selection = () if is_all or "-m" in arguments else ("-m", "not slow")
    return _call("pytest", *_FOUR_AT_A_TIME, *selection, *arguments)


def lock() -> int:
    """Compile the requirement files for every Python version that Earwise runs on."""
    for name in ("requirements", "requirements-dev", "requirements-bench"):
        options = ("--quiet", "--universal", "--python-version", "3.12", "--generate-hashes", "--no-header")
        if status := _call("uv", "pip", "compile", *options, f"{name}.in", "-o", f"{name}.txt"):
            return status
    return 0


def _ensure_browser() -> None:
    if any(shutil.which(name) for name in _BROWSERS):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing a browser for the tests by apt …", file=sys.stderr, flush=True)
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], env=environ, stdout=sys.stderr, check=False)
    if not any(shutil.which(name) for name in _BROWSERS):
        raise EarwiseError("The tests need a browser: install one, for example by sudo apt-get install chromium.")


def _call(*command: str) -> int:
    program = Path(sys.prefix) / "bin" / command[0]
    print(f"$ {' '.join(command)}", file=sys.stderr, flush=True)
    # Tests make their own settings; those of this shell must not change what they show.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EARWISE_") or "_TEST_" in name}
    return subprocess.run([str(program), *command[1:]], cwd=REPOSITORY, env=environ, check=False).returncode
