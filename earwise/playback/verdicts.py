"""Has a file of the library judged and converted by a program of its own, and says for how long its answer holds.

Only what depends on the file's content may be kept for good: a disk fills up and is emptied again, and a busy machine
is idle the next hour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from earwise.errors import BusyError, LocalCopyError
from earwise.paths import open_regular

CONVERTED, REFUSED = "converted", "refused "
_MOST_WRITTEN_BYTES = 4 << 30
_KILLS = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})


class Holds(Enum):
    """As long as what an answer may be kept."""

    FOR_THE_FILE = auto()
    # And while copies may take as much room as now.
    FOR_THE_ROOM = auto()
    # It may have been the file's fault, and costs too much to be asked for at each press.
    FOR_A_WHILE = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a file: ``native``, ``converted``, or ``refused`` with a sentence that says why."""

    text: str
    holds: Holds = Holds.FOR_THE_FILE


def judge(location: bytes, target: BinaryIO, *, room_bytes: int, limit_s: float) -> Verdict:
    """Judge a file, and convert it into another one unless browsers play it as it is.

    Parameters
    ----------
    target : BinaryIO
        An empty file for what it is converted to.
    room_bytes : int
        What that may take.
    limit_s : float
        How long it may take.

    Raises
    ------
    UnreadableFileError
        If the file can't be opened.
    LocalCopyError
        If the disk has no room for what is written.
    BusyError
        If the program was killed, or can't be started just now.
    """
    most_bytes = min(room_bytes, _MOST_WRITTEN_BYTES)
    with open_regular(location) as source:
        descriptors = (source.fileno(), target.fileno())
        arguments = map(str, (*descriptors, most_bytes))
        command = [sys.executable, "-I", "-m", "earwise.playback.transcode", *arguments]
        try:
            done = subprocess.run(command, pass_fds=descriptors, capture_output=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired:
            return _refuse(f"Converting it takes more than {limit_s:.0f} s.", Holds.FOR_A_WHILE)
        except OSError as error:
            message = f"Nothing can be converted for browsers just now: {os.strerror(error.errno or 0)}."
            raise BusyError(message) from error
    if done.returncode in _KILLS:
        raise BusyError("Converting it for browsers was ended from outside. Try again in a moment.")
    # Whoever crashes on its way out has not said that all is written.
    answer = "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()
    return _read(answer, most_bytes)


def _read(answer: str, most_bytes: int) -> Verdict:
    word, _, reason = answer.partition(" ")
    match word:
        case "native" | "converted" | "refused":
            return Verdict(answer)
        case "large" if most_bytes == _MOST_WRITTEN_BYTES:
            return _refuse(f"As FLAC it takes more than {most_bytes >> 30} GiB.", Holds.FOR_THE_ROOM)
        case "large":
            return _refuse("As FLAC there is no room for it: EARWISE_COPIES_GB is too small.", Holds.FOR_THE_ROOM)
        case "full":
            raise LocalCopyError(f"What it is converted to could not be written: {reason}.")
    # It crashed, or was refused what another file or another hour may get.
    return _refuse(reason or "Converting it failed.", Holds.FOR_A_WHILE)


def _refuse(reason: str, holds: Holds) -> Verdict:
    return Verdict(REFUSED + reason, holds)
