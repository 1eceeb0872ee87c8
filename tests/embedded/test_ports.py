"""Ports that are taken are found before anything starts."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwise.embedded.ports import check_ports, find_free_port, is_listening
from earwise.errors import ConfigError
from earwise.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose three ports are free."""
    settings = Settings.from_env({"EARWISE_HOME": str(tmp_path)})
    return dataclasses.replace(
        settings, web_port=find_free_port(), airflow_port=find_free_port(), mongo_port=find_free_port()
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_pass(settings: Settings) -> None:
    check_ports(settings)


@pytest.mark.parametrize("name", ["web_port", "airflow_port", "mongo_port"])
def test_taken_port_is_named_with_its_variable_and_a_free_one(settings: Settings, taken: int, name: str) -> None:
    variable = f"EARWISE_{name.upper()}"
    with pytest.raises(ConfigError, match=f"{variable} is {taken}.*; for example {variable}=") as caught:
        check_ports(dataclasses.replace(settings, **{name: taken}))
    assert "\n" not in str(caught.value)


def test_port_of_the_embedded_server_may_be_taken_when_another_mongodb_is_given(settings: Settings, taken: int) -> None:
    check_ports(dataclasses.replace(settings, mongo_port=taken, mongo_uri="mongodb://db"))


def test_one_port_for_two_servers_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="as EARWISE_WEB_PORT does"):
        check_ports(dataclasses.replace(settings, airflow_port=settings.web_port))


@pytest.mark.parametrize("port", [70_000, 65_536])
def test_number_that_is_no_port_is_refused(settings: Settings, port: int) -> None:
    with pytest.raises(ConfigError, match="between 1 and 65535"):
        check_ports(dataclasses.replace(settings, web_port=port))


def test_address_of_another_machine_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="EARWISE_HOST"):
        check_ports(dataclasses.replace(settings, host="203.0.113.7"))


def test_listening_is_seen(taken: int) -> None:
    assert is_listening("0.0.0.0", taken)  # noqa: S104 - reached, not bound
    assert not is_listening("127.0.0.1", find_free_port())
