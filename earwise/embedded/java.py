"""Java for Spark: found on this machine, or fetched into ``EARWISE_HOME``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwise.embedded.progress import Progress
from earwise.errors import ConfigError

VERSIONS = (17, 21)
_FETCHED = 17


def find_or_install_java(home: Path, progress: Progress) -> Path:
    """The ``JAVA_HOME`` of a Java that Spark runs on.

    Raises
    ------
    ConfigError
        If there is none and none could be fetched.
    """
    found = find_java(home)
    if found is None:
        with progress.step(f"Fetching Java {_FETCHED} for Spark"):
            found = _install_by_apt(home) or _install_into(home)
    if found is None:
        raise ConfigError(
            "JAVA_HOME",
            "does not lead to Java 17 or 21, and none could be downloaded: install one"
            " (Debian and Ubuntu: sudo apt-get install openjdk-17-jre-headless) or check the network",
            "/usr/lib/jvm/java-17-openjdk-amd64",
        )
    return found


def find_java(home: Path, environ: Mapping[str, str] | None = None) -> Path | None:
    """The first usable Java: JAVA_HOME, PATH, the usual folders, what was fetched before."""
    environ = os.environ if environ is None else environ
    return next((folder for folder in _candidates(home, environ) if is_usable(folder)), None)


def is_usable(java_home: Path) -> bool:
    """Whether Spark runs on this Java: right version, and the vector module that Spark demands at start-up."""
    command = [str(java_home / "bin" / "java"), "--add-modules", "jdk.incubator.vector", "-version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0 and parse_version(answer.stderr) in VERSIONS


def parse_version(text: str) -> int | None:
    """Major version in what ``java -version`` prints.

    >>> parse_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> parse_version('java version "1.8.0_202"')
    8
    """
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else None


def _candidates(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    if given := environ.get("JAVA_HOME"):
        yield Path(given)
    if program := shutil.which("java", path=environ.get("PATH")):
        yield Path(program).resolve().parent.parent
    for pattern in ("usr/lib/jvm/*", "usr/java/*", "opt/java/*", "opt/homebrew/opt/openjdk@*"):
        yield from sorted(Path("/").glob(pattern))
    if sys.platform == "darwin":
        yield from sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"))
    yield from sorted((home / "java").glob("*"))
    yield from sorted((home / "java").glob("*/Contents/Home"))


def _install_by_apt(home: Path) -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for version in VERSIONS:
        package = f"openjdk-{version}-jre-headless"
        for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", package]):
            subprocess.run(["apt-get", *command], env=environ, capture_output=True, check=False)
        if found := find_java(home):
            return found
    return None


def _install_into(home: Path) -> Path | None:
    import jdk  # only here: it asks the machine about itself when imported

    folder = home / "java"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        jdk.install(str(_FETCHED), jre=True, path=str(folder))
    except (OSError, jdk.JdkError):
        return None
    return find_java(home)
