"""Ports: who listens, and a plain sentence when a port is taken."""

from __future__ import annotations

import errno
import socket

from earwise.errors import ConfigError
from earwise.settings import Settings


def check_ports(settings: Settings) -> None:
    """Raise unless every port that the stack will listen on is free.

    Raises
    ------
    ConfigError
        Naming the variable of a port that is taken, privileged or used twice, and a free one.
    """
    wanted = [
        ("EARWISE_WEB_PORT", settings.host, settings.web_port),
        ("EARWISE_AIRFLOW_PORT", settings.host, settings.airflow_port),
    ]
    if not settings.mongo_uri:
        wanted.append(("EARWISE_MONGO_PORT", "127.0.0.1", settings.mongo_port))
    seen: dict[int, str] = {}
    for variable, host, port in wanted:
        if port in seen:
            raise ConfigError(variable, f"names port {port}, as {seen[port]} does", str(find_free_port()))
        seen[port] = variable
        _check_port(variable, host, port)


def is_listening(host: str, port: int) -> bool:
    """Whether somebody accepts connections."""
    try:
        with socket.create_connection((local_address(host), port), timeout=1):
            return True
    except OSError:
        return False


def local_address(host: str) -> str:
    """The address by which this machine itself reaches a server that listens on `host`.

    >>> local_address("0.0.0.0"), local_address("127.0.0.1")
    ('127.0.0.1', '127.0.0.1')
    """
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def find_free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _check_port(variable: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Servers set this too: connections of a server that has just stopped are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as error:
            raise ConfigError(variable, f"must be a port between 1 and 65535, not {port}", "8800") from error
        except OSError as error:
            raise _port_error(variable, host, port, error) from error


def _port_error(variable: str, host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        problem = f"is {port}, and another program listens there already"
    elif error.errno == errno.EACCES:
        problem = f"is {port}, which only the administrator may use"
    else:
        return ConfigError("EARWISE_HOST", f"is {host!r}, where nothing can listen ({error.strerror})", "127.0.0.1")
    return ConfigError(variable, problem, str(find_free_port()))
