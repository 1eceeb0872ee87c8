"""Analyses files one after the other in one worker and prints what became of each, and the worker's peak in MB.

Usage: peak_of_worker.py FILE...
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from earwise.extraction.messages import Analysis, Job
from earwise.extraction.pool import analyse_files
from earwise.features.config import MfccConfig
from earwise.paths import LibraryPath
from earwise.root import Root


def main() -> None:
    """Print one JSON object."""
    files = [Path(name) for name in sys.argv[1:]]
    root = Root("bombs", files[0].parent)
    jobs = [Job(LibraryPath("bombs", os.fsencode(file.name)), (root,), (MfccConfig(),)) for file in files]
    outcomes = analyse_files(jobs, processes=1, timeout_s=120.0, known_versions=lambda audio_id: frozenset())
    codes = {
        job.file.display: "analysed" if isinstance(outcome, Analysis) else outcome.code for job, outcome in outcomes
    }
    peak_mb = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(json.dumps({"outcomes": codes, "peak_mb": peak_mb}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
