"""Contestants of a benchmark, one of whom some files end and others make panic; run by its path."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from earwise.bench import contestants


class Panic(BaseException):
    """What a library written in Rust raises."""


def faulty() -> Callable[[str], None]:
    """Do to a file what its name says."""

    def analyse(path: str) -> None:
        if Path(path).stem == "die":
            os._exit(1)
        if Path(path).stem == "panic":
            raise Panic

    return analyse


contestants.CONTESTANTS["faulty"] = faulty
contestants.main(sys.argv[1])
