"""Fetches and unpacks packages of Debian and Ubuntu without installing them; needs no privileges."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_OFFER = re.compile(r"^'[^']+' (?P<file>(?P<name>[^_ ]+)_\S+\.deb) (?P<size>\d+) ", re.MULTILINE)
_QUERY_LIMIT_S = 300
_STALL_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Offer:
    """A package that the release has."""

    name: str
    file_name: str
    size_bytes: int


class Apt:
    """apt-get with a folder of its own for what it downloads.

    Parameters
    ----------
    folder : Path
        Where packages, and package lists if need be, are kept.
    environment : dict of str to str
        Variables that apt-get is started with.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "LC_ALL": "C"}
        self._options: tuple[str, ...] = ()

    @staticmethod
    def is_present() -> bool:
        """Whether this machine has the two programs."""
        return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))

    def offers(self, names: Iterable[str]) -> dict[str, Offer]:
        """Which of these packages can be downloaded, by name."""
        answer = self._run("download", "--print-uris", *names)
        return {
            match["name"]: Offer(match["name"], match["file"], int(match["size"]))
            for match in _OFFER.finditer(answer.stdout)
        }

    def refresh(self) -> bool:
        """Read the package lists anew into the own folder, whatever the system's are; returns whether it worked."""
        lists, cache = self._folder / "lists", self._folder / "cache"
        for folder in (lists / "partial", cache / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        self._options = ("-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}")
        return self._run("update", "-o", "APT::Update::Error-Mode=any").returncode == 0

    def download(self, offer: Offer, show: Callable[[int], None]) -> Path | None:
        """Download a package unless it is there, telling the bytes while it comes; None if that failed.

        Whatever `show` raises ends the download.
        What an interrupted download left is taken up; apt-get checks the digest.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / offer.file_name
        command = self._command("download", offer.name)
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as apt:
            size, moved = -1, time.monotonic()
            try:
                while not _has_ended(apt) and time.monotonic() - moved < _STALL_LIMIT_S:
                    if (now := _size(path)) != size:
                        size, moved = now, time.monotonic()
                    show(size)
            finally:
                apt.terminate()
        return path if apt.returncode == 0 and _size(path) == offer.size_bytes else None

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._command(*arguments)
        try:
            return subprocess.run(
                command, env=self._environment, capture_output=True, text=True, check=False, timeout=_QUERY_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", "")

    def _command(self, *arguments: str) -> list[str]:
        # As root, apt-get would download as another user, who may not write into a private home.
        sandbox = ("-o", "APT::Sandbox::User=root") if os.geteuid() == 0 else ()
        return ["apt-get", "-q", *sandbox, *self._options, *arguments]


def unpack(package: Path, folder: Path) -> bool:
    """Unpack a package's files into an empty folder; returns whether it worked."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = ["dpkg-deb", "-x", str(package), str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for a process; returns whether it has ended."""
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
