"""A worker whose decoder does to a file what the file's name says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from earwise.errors import DecodeError
from earwise.extraction import worker
from earwise.extraction.analysis import analyse_track
from earwise.extraction.limits import HEADROOM_MB
from earwise.extraction.messages import Analysis
from earwise.features.config import MfccConfig
from earwise.library.identity import identify_recording
from earwise.paths import LibraryPath


def analyse(
    file: LibraryPath,
    location: bytes,
    configs: Sequence[MfccConfig],
    known_versions: Callable[[str], frozenset[str]],
) -> Analysis:
    """Analyse a file, unless its name asks for a fault, as slowly as the environment says."""
    time.sleep(float(os.environ.get("SLOWNESS_S", "0")))
    if b"late" in file.name:
        known_versions(identify_recording(location).audio_id)
    if b"segv" in file.name:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"kill" in file.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if b"bump" in file.name and _is_first_time(location):
        os.kill(os.getpid(), signal.SIGKILL)
    if b"greedy" in file.name:
        bytearray(HEADROOM_MB << 21)
    if b"exit" in file.name:
        os._exit(3)
    if b"hang" in file.name:
        time.sleep(600)
    if b"surprise" in file.name:
        raise RuntimeError("out of cheese")
    if b"eof" in file.name:
        raise EOFError("the member ends early")
    if b"nomem" in file.name:
        raise OSError(12, "Cannot allocate memory")
    if b"disk" in file.name:
        raise OSError(5, "Input/output error")
    if file.name.endswith(os.environ.get("BROKEN_DECODER", "none").encode()):
        raise DecodeError("The decoder is broken.")
    return analyse_track(file, location, configs, known_versions)


def _is_first_time(location: bytes) -> bool:
    try:
        os.close(os.open(location + b".seen", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


worker.analyse_track = analyse
worker.main()
