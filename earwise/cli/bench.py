"""``./run bench``: measures, and prints the figures as a line or as one JSON object."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and what it can measure to the parser of all commands."""
    bench = commands.add_parser("bench", help="measure: scan, extract, excerpts, train, web")
    kinds = bench.add_subparsers(dest="kind", metavar="scan | extract | excerpts | train | web", required=True)
    scan = kinds.add_parser("scan", help="a scan of an unchanged library, beside a bare walk")
    scan.add_argument("--files", type=_count, default=100_000, help="how many files (default 100000), 20 in a folder")
    scan.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    extract = kinds.add_parser("extract", help="tracks a second of extraction, beside decoding alone and others")
    extract.add_argument("--library", type=Path, help="a folder of music (default: the demo library, and clips of it)")
    extract.add_argument("--dag", action="store_true", help="the whole path through Airflow and MongoDB too")
    extract.add_argument("--sample", type=_count, default=40, help="files that all analyse in turns (default 40)")
    extract.add_argument("--clips", type=_count, default=10_000, help="clips that go through Airflow (default 10000)")
    extract.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    excerpts = kinds.add_parser("excerpts", help="policies of excerpts: what each costs and how well it tells apart")
    excerpts.add_argument("--library", type=Path, required=True, help="a folder of music, one folder for each album")
    excerpts.add_argument("--json", action="store_true", help="as one JSON array", default=argparse.SUPPRESS)
    train = kinds.add_parser("train", help="a training run on made-up vectors, beside scikit-learn's KMeans")
    train.add_argument("--tracks", type=_count, default=106_574, help="how many tracks (default 106574)")
    train.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    web = kinds.add_parser("web", help="the web app under the load of many listeners")
    web.add_argument("--tracks", type=_count, default=100_000, help="how many tracks (default 100000)")
    web.add_argument("--seconds", type=_count, default=60, help="how long each page is asked for (default 60)")
    web.add_argument("--than", type=Path, help="what --json printed for fewer tracks: says how the medians grew")
    web.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Measure what was asked for; figures go to stdout, all else to stderr."""
    if options.kind == "extract":
        return _run_extract(options)
    if options.kind == "excerpts":
        from earwise.bench.excerpts import as_json, as_table, bench_excerpts

        compared = bench_excerpts(options.library.absolute(), _say)
        print(as_json(compared) if options.json else as_table(compared))
        return 0
    if options.kind == "train":
        return _run_train(options)
    if options.kind == "web":
        return _run_web(options)
    from earwise.bench.scan import bench_scan

    figures = bench_scan(options.files, _say)
    print(figures.as_json() if options.json else figures.as_text())
    return 0


def _run_extract(options: argparse.Namespace) -> int:
    from earwise.bench.extract import bench_extract, print_json
    from earwise.cli.terminal import make_progress
    from earwise.settings import Settings

    measured = bench_extract(
        Settings.from_env(),
        options.library.absolute() if options.library else None,
        make_progress(sys.stderr),
        _say,
        with_dag=options.dag,
        sample=options.sample,
        clips=options.clips,
    )
    print(print_json(measured) if options.json else "\n".join(figures.as_text() for figures in measured))
    return 0


def _run_train(options: argparse.Namespace) -> int:
    from earwise.bench.training import bench_training

    figures = bench_training(options.tracks, _say)
    print(figures.as_json() if options.json else figures.as_text())
    return 0


def _run_web(options: argparse.Namespace) -> int:
    from earwise.bench.web import WebFigures, bench_web

    # Read first: a wrong file is told before the run, not after half an hour.
    smaller = WebFigures.from_json(_read(options.than)) if options.than else None
    figures = bench_web(options.tracks, options.seconds, _say)
    print(figures.as_json() if options.json else figures.as_text())
    if smaller:
        # The JSON object is the run's own figures, whatever it is held against.
        (_say if options.json else print)(figures.growth_as_text(smaller))
    return 0


def _read(path: Path) -> str:
    from earwise.errors import EarwiseError

    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise EarwiseError(f"{path} can't be read: {error}") from error


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise ValueError(text)
    return count


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
