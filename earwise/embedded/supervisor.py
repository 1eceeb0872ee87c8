"""The process manager: supervisord, configured from the parts and asked over its Unix socket."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from earwise.embedded.programs import Program
from earwise.errors import EarwiseError

# The kernel takes 108 bytes on Linux and 104 on macOS, and supervisord binds a longer name first.
_MAX_SOCKET_PATH = 80
_CONFIGURATION = """\
; Written by ./run at every start.
[supervisord]
nodaemon = true
user = {user}
logfile = {home}/logs/supervisor.log
logfile_maxbytes = 5MB
logfile_backups = 2
pidfile = {home}/supervisor.pid
childlogdir = {home}/logs
directory = {home}
umask = 077

[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
_PROGRAM = """
[program:{name}]
command = {command}
autostart = false
autorestart = true
startsecs = 2
startretries = 10
stopwaitsecs = {stop_wait_s}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = {home}/logs/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


@dataclass(frozen=True, slots=True)
class Part:
    """How a part is doing: a state of supervisord (RUNNING, BACKOFF, FATAL, …) and its process."""

    name: str
    state: str
    pid: int
    since: float

    @property
    def is_running(self) -> bool:
        """Whether it has been up for longer than a failing start takes."""
        return self.state == "RUNNING"


class Supervisor:
    """The process manager of one home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._socket = socket_path(home)

    def start(self, programs: Sequence[Program], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start supervisord with these programs, none of them started yet."""
        (self._home / "logs").mkdir(parents=True, exist_ok=True)
        _make_private_folder(self._socket.parent)
        path = self._home / "supervisord.conf"
        path.write_text(configuration(programs, self._home, self._socket), "utf-8")
        with (self._home / "logs" / "supervisor.err").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--silent", "-c", str(path)],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                # Ctrl-C in the terminal is for ./run, which then stops the parts in their order.
                start_new_session=True,
            )
        self._wait_until_up(process)
        return process

    def is_up(self) -> bool:
        """Whether supervisord answers."""
        try:
            self._ask("getState")
        except EarwiseError:
            return False
        except xmlrpc.client.Fault:
            return True  # it answers that it is shutting down
        return True

    def parts(self) -> list[Part]:
        """How every part is doing."""
        return [
            Part(info["name"], info["statename"], info["pid"], float(info["start"]))
            for info in self._ask("getAllProcessInfo")
        ]

    def part(self, name: str) -> Part:
        """How one part is doing."""
        return next(part for part in self.parts() if part.name == name)

    def start_part(self, name: str) -> None:
        """Start a part and do not wait for it."""
        self._ask("startProcess", name, False)

    def stop_part(self, name: str) -> None:
        """Begin to stop a part."""
        try:
            self._ask("stopProcess", name, False)
        except xmlrpc.client.Fault:
            return  # it was not running

    def shut_down(self) -> None:
        """Stop whatever still runs, and supervisord."""
        try:
            self._ask("shutdown")
        except EarwiseError:
            return

    def _ask(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault:
            raise
        except (OSError, HTTPException, xmlrpc.client.Error) as error:
            raise EarwiseError(f"The process manager does not answer: {error}") from error
        finally:
            transport.close()

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while not self.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                process.send_signal(signal.SIGKILL)
                raise EarwiseError("The process manager did not start; see ./run logs supervisor.")
            time.sleep(0.05)


def configuration(programs: Sequence[Program], home: Path, socket: Path) -> str:
    """The text of ``supervisord.conf``; secrets are not in it but in the environment."""
    text = _CONFIGURATION.format(user=os.geteuid(), home=_escape(str(home)), socket=_escape(str(socket)))
    for program in programs:
        text += _PROGRAM.format(
            name=program.name,
            command=_escape(shlex.join(program.command)),
            stop_wait_s=program.stop_wait_s,
            home=_escape(str(home)),
        )
    return text


def socket_path(home: Path) -> Path:
    """Where supervisord listens: in the home, or in a private temporary folder when that path is too long."""
    path = home / "supervisor.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"earwise-{os.geteuid()}-{digest}" / "s.sock"


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise EarwiseError(f"{folder} belongs to somebody else; remove it, or choose a shorter EARWISE_HOME.")


def _escape(text: str) -> str:
    return text.replace("%", "%%")
