"""``./run``: set up, start, do the main job, and stay until told to stop; ``./run --once`` does not stay."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import time

from earwise.cli.report import once_document, print_once, print_ready
from earwise.cli.terminal import make_progress
from earwise.embedded.demo import DemoLibrary
from earwise.embedded.environment import stack_environment
from earwise.embedded.home import (
    Running,
    check_library,
    forget_running,
    hold_home,
    holder,
    prepare_home,
    read_running,
    write_running,
)
from earwise.embedded.java import find_or_install_java
from earwise.embedded.job import JobReport, run_job
from earwise.embedded.ports import check_ports
from earwise.embedded.processes import end_processes
from earwise.embedded.progress import Progress
from earwise.embedded.secrets import load_secrets
from earwise.embedded.stack import ManagerLostError, Stack, is_web_healthy, open_airflow
from earwise.errors import EarwiseError
from earwise.settings import Settings
from earwise.store import Store, open_store

_BACKUP_INTERVAL_S = 15 * 60


def run(settings: Settings, *, once: bool, as_json: bool) -> int:
    """Start everything, or join what runs already for this home."""
    started = time.monotonic() - float(os.environ.get("EARWISE_INSTALL_SECONDS") or 0)
    progress = make_progress(sys.stderr if as_json else sys.stdout)
    prepare_home(settings.home)
    while True:
        with hold_home(settings.home) as is_held:
            if is_held:
                return _run_here(settings, progress, started, once=once, as_json=as_json)
        if running := _wait_for_other(settings, progress):
            return _join(running, progress, started, once=once, as_json=as_json)


def _run_here(settings: Settings, progress: Progress, started: float, *, once: bool, as_json: bool) -> int:
    if ended := end_processes(settings.home):
        progress.say(f"Ended {ended} processes that an earlier start had left behind.")
    secrets = load_secrets(settings.home)
    settings = dataclasses.replace(settings, secret_key=settings.secret_key or secrets.web_secret_key)
    demo = None if settings.library else DemoLibrary(settings, progress)
    if demo is None:
        check_library([root for root in settings.roots if not root.is_optional])
    else:
        settings = dataclasses.replace(settings, library=(demo.root,))
    check_ports(settings)
    java_home = find_or_install_java(settings.home, progress)
    environment = stack_environment(settings, secrets, java_home)
    with open_store(settings) as store:
        stack = Stack(settings, secrets, environment, store, progress)
        try:
            _tell(stack, is_ready=False)
            report = _start_and_work(stack, demo, store, progress)
            _tell(stack, is_ready=True)
            if once:
                print_once(once_document(store, report, total_s=time.monotonic() - started), as_json=as_json)
                return 0
            print_ready(settings, secrets, store)
            print("Stop it with Ctrl-C here, or ./run stop anywhere.", flush=True)
            _stay(stack, progress)
            return 0
        finally:
            _stop(stack, demo, progress)


def _start_and_work(stack: Stack, demo: DemoLibrary | None, store: Store, progress: Progress) -> JobReport:
    """Start the parts while the demo library is fetched, then do the main job."""
    if demo is not None:
        demo.begin()
    stack.start()
    while True:
        try:
            with stack.open_airflow() as api:
                stack.wait_until_ready(api)
                if demo is not None:
                    demo.finish()
                progress.say(f"Earwise is up at {stack.settings.public_web_url}; now it listens to the library.")
                return run_job(api, store, progress, stack_began=stack.began, check=stack.check)
        except ManagerLostError:
            stack.restart()


def _stay(stack: Stack, progress: Progress) -> None:
    """Serve until a signal comes; keep dumps, and begin again if the process manager is killed."""
    known_failing: list[str] = []
    backed_up = time.monotonic()
    while True:
        time.sleep(2)
        if not stack.is_alive():
            _tell(stack, is_ready=False)
            stack.restart()
            with stack.open_airflow() as api:
                stack.wait_until_ready(api)
            _tell(stack, is_ready=True)
        try:
            if (failing := stack.look_after()) != known_failing:
                known_failing = failing
                for name in failing:
                    progress.warn(f"{name} does not start any more; ./run logs {name} shows why.")
            if time.monotonic() - backed_up > _BACKUP_INTERVAL_S:
                backed_up = time.monotonic()
                stack.back_up()
        except (EarwiseError, OSError) as error:
            progress.warn(str(error))


def _tell(stack: Stack, *, is_ready: bool) -> None:
    """Let other commands know how this stack was started."""
    variables = {name: value for name, value in stack.environment.items() if name.startswith("EARWISE_")}
    write_running(stack.settings.home, Running(variables, ready=is_ready))


def _stop(stack: Stack, demo: DemoLibrary | None, progress: Progress) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with progress.step("Stopping"):
        if demo is not None:
            demo.cancel()
        stack.stop()
        forget_running(stack.settings.home)


def _join(running: Running, progress: Progress, started: float, *, once: bool, as_json: bool) -> int:
    """Another ``./run`` serves this home: answer from what it runs."""
    settings = Settings.from_env(running.environment)
    secrets = load_secrets(settings.home)
    with open_store(settings) as store:
        if not once:
            progress.say("Earwise is running already for this home.")
            print_ready(settings, secrets, store)
            return 0
        with open_airflow(settings, secrets) as api:
            report = run_job(api, store, progress)
        print_once(once_document(store, report, total_s=time.monotonic() - started), as_json=as_json)
    return 0


def _wait_for_other(settings: Settings, progress: Progress) -> Running | None:
    """How the other ``./run`` started this home, once it is ready; None if it has ended."""
    if found := _find_ready(settings):
        return found
    with progress.step("Another ./run serves this home: waiting until it is ready"):
        while holder(settings.home) is not None:
            if found := _find_ready(settings):
                return found
            time.sleep(0.5)
    return None


def _find_ready(settings: Settings) -> Running | None:
    running = read_running(settings.home)
    if running and running.ready and is_web_healthy(Settings.from_env(running.environment)):
        return running
    return None
