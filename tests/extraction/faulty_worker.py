"""A worker whose decoder does to a file what the file's name says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from earwise.errors import DecodeError
from earwise.extraction import worker
from earwise.extraction.analysis import Analysis, analyse_track
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath


def analyse(file: LibraryPath, location: bytes, config: MfccConfig, is_known: Callable[[str], bool]) -> Analysis:
    """Analyse a file, unless its name asks for a fault."""
    if b"segv" in file.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"exit" in file.name:
        os._exit(3)
    if b"hang" in file.name:
        time.sleep(600)
    if b"surprise" in file.name:
        raise RuntimeError("out of cheese")
    if b"disk" in file.name:
        raise OSError(5, "Input/output error")
    if os.environ.get("DECODER") == "broken":
        raise DecodeError("The decoder is broken.")
    return analyse_track(file, location, config, is_known)


worker.analyse_track = analyse
worker.main()
