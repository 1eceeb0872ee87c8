"""``./run bench``: measures, and prints the figures as a line or as one JSON object."""

from __future__ import annotations

import argparse
import sys


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and what it can measure to the parser of all commands."""
    bench = commands.add_parser("bench", help="measure: scan")
    kinds = bench.add_subparsers(dest="kind", metavar="scan", required=True)
    scan = kinds.add_parser("scan", help="a scan of an unchanged library, beside a bare walk")
    scan.add_argument("--files", type=_count, default=100_000, help="how many files (default 100000), 20 in a folder")
    scan.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Measure what was asked for; figures go to stdout, all else to stderr."""
    from earwise.bench.scan import bench_scan

    figures = bench_scan(options.files, _say)
    print(figures.as_json() if options.json else figures.as_text())
    return 0


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise ValueError(text)
    return count


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
