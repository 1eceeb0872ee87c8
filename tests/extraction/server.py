"""A store of a test's own, which it may kill, stop and start again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from earwise.errors import StoreError
from earwise.store.client import open_store_at
from tests.conftest import free_port


class OwnServer:
    """An embedded server on a folder; what is acknowledged is on disk, as in `./run`."""

    def __init__(self, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self.folder, self.port = folder, free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}"
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it on what it left behind and wait until it answers."""
        program = str(Path(sys.prefix) / "bin" / "secantusd-py")
        storage = str(self.folder / "store")
        command = [*self._prefix, program, "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--storage-path", storage, "--sync-on-commit", "--log-level", "WARNING"],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        with open_store_at(self.uri, "ping", patience_s=1.0) as store:
            while True:
                try:
                    store.ping()
                except StoreError:
                    assert time.monotonic() < deadline, "the server did not come up again"
                    continue
                return

    def kill(self) -> None:
        """End it as a power cut would end it for the others."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
