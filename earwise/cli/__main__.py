"""Entry point of ``./run``: parses the command, and turns every expected error into one sentence."""

from __future__ import annotations

import argparse
import errno
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from earwise.cli import bench
from earwise.errors import EarwiseError, PartError
from earwise.log import configure_logging
from earwise.settings import Settings

_FAILED, _UNUSABLE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 when a part or a task failed, 2 when something is to be mended."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a title may hold what the terminal's encoding lacks
    options, others = make_parser().parse_known_args(arguments)
    if others and options.command != "test":
        make_parser().error(f"unknown arguments: {' '.join(others)}")
    try:
        return _dispatch(options, others)
    except KeyboardInterrupt:
        return 130
    except PartError as error:
        print(error, file=sys.stderr)
        return _FAILED
    except EarwiseError as error:
        print(error, file=sys.stderr)
        return _UNUSABLE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        where = f" ({error.filename})" if error.filename else ""
        print(f"EARWISE_HOME can't be written to: {error.strerror}{where}.", file=sys.stderr)
        return _UNUSABLE


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="./run", description="Set up Earwise, start it, and analyse the library.")
    parser.add_argument("--once", action="store_true", help="do the whole job, print what came of it, stop everything")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    commands = parser.add_subparsers(
        dest="command", metavar="stop | status | logs | models | evaluate | bench | test | check | lock"
    )
    commands.add_parser("stop", help="stop everything that was started for this home")
    status = commands.add_parser("status", help="what runs")
    status.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    log = commands.add_parser("logs", help="the end of the logs")
    log.add_argument("part", nargs="?", help="one part or DAG; without it, all parts")
    log.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    log.add_argument("-n", "--lines", type=int, default=40, help="how many lines of each (default 40)")
    bench.add_parser(commands)
    evaluate = commands.add_parser("evaluate", help="how good the recommendations are, beside plainer methods")
    source = evaluate.add_mutually_exclusive_group()
    source.add_argument("--model", metavar="ID", help="a model that is kept (default: the one that is served)")
    source.add_argument("--table", metavar="FILE.csv", type=Path, help="columns track, artist, genre, mfcc1_mean, …")
    evaluate.add_argument("--labels", choices=["folder"], help="compare with top-level folders too, and with bliss")
    evaluate.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    models = commands.add_parser("models", help="the models that are kept; activate ID lets listeners hear one at once")
    models.add_argument("--json", action="store_true", help="as one JSON object", default=argparse.SUPPRESS)
    actions = models.add_subparsers(dest="action", metavar="activate ID")
    activate = actions.add_parser("activate", help="publish a kept model, or go back to it")
    activate.add_argument("model_id", metavar="ID")
    test = commands.add_parser("test", help="the checks and the quick tests; further arguments go to pytest")
    test.add_argument("--all", action="store_true", help="the slow tests too")
    commands.add_parser("check", help="the checks alone: ruff, mypy, import-linter")
    commands.add_parser("lock", help="compile requirements.in and requirements-dev.in anew")
    return parser


def _dispatch(options: argparse.Namespace, others: Sequence[str]) -> int:
    """Call the command; each is imported only when it is the one, so that none waits for another's libraries."""
    if options.command in ("test", "check", "lock"):
        from earwise.cli import development

        return development.run(options.command, is_all=getattr(options, "all", False), arguments=others)
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    if options.command == "logs":
        from earwise.cli import logs

        return logs.show(settings, options.part, lines=options.lines, is_following=options.follow)
    if options.command == "bench":
        return bench.run(options)
    if options.command == "evaluate":
        from earwise.cli import evaluate

        return evaluate.run(settings, options)
    if options.command == "models":
        from earwise.cli import models

        return models.run(settings, options)
    if options.command in ("stop", "status"):
        from earwise.cli import control

        return control.stop(settings) if options.command == "stop" else control.status(settings, as_json=options.json)
    from earwise.cli import start

    return start.run(settings, once=options.once or options.json, as_json=options.json)


def _end_as_ctrl_c_does() -> None:
    """Let SIGTERM and a closed terminal end a command as Ctrl-C does: with what it started."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupt)


if __name__ == "__main__":
    _end_as_ctrl_c_does()
    sys.exit(main())
