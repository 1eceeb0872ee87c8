"""The process manager's configuration and where it listens."""

from __future__ import annotations

import configparser
import dataclasses
import os
import shlex
from pathlib import Path

import pytest

from earwise.embedded.programs import Program, stack_programs
from earwise.embedded.secrets import load_secrets
from earwise.embedded.supervisor import configuration, socket_path
from earwise.settings import Settings


def read(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(" ;",))
    parser.read_string(text)
    return parser


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"EARWISE_HOME": str(tmp_path / "home")})


def test_every_part_is_restarted_logged_and_stopped_with_its_children(settings: Settings) -> None:
    parsed = read(configuration(stack_programs(settings), settings.home, Path("/tmp/s.sock")))
    names = [section.removeprefix("program:") for section in parsed.sections() if section.startswith("program:")]
    assert names == [
        "mongo",
        "airflow-api-server",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "web",
    ]
    for name in names:
        section = parsed[f"program:{name}"]
        assert section["autorestart"] == section["stopasgroup"] == section["killasgroup"] == "true"
        assert section["stdout_logfile"] == f"{settings.home}/logs/{name}.log"
        assert section["stdout_logfile_maxbytes"] == "10MB"


def test_a_given_store_is_not_started(tmp_path: Path) -> None:
    settings = Settings.from_env({"EARWISE_HOME": str(tmp_path), "EARWISE_MONGO_URI": "mongodb://db"})
    assert "mongo" not in [program.name for program in stack_programs(settings)]


def test_odd_characters_reach_the_command_unharmed() -> None:
    program = Program("odd", ("echo", "100% of a folder's name", 'a "quoted" word'))
    command = read(configuration([program], Path("/h"), Path("/s")))["program:odd"]["command"]
    assert tuple(shlex.split(command.replace("%%", "%"))) == program.command


def test_secrets_are_not_written_into_the_configuration(settings: Settings) -> None:
    settings.home.mkdir()
    text = configuration(stack_programs(settings), settings.home, Path("/s"))
    assert not any(secret in text for secret in dataclasses.astuple(load_secrets(settings.home)))


def test_web_app_listens_on_an_ipv6_address_too(settings: Settings) -> None:
    command = stack_programs(dataclasses.replace(settings, host="::1"))[-1].command
    assert "[::1]:8800" in command


def test_socket_lies_in_the_home_when_its_path_is_short() -> None:
    assert socket_path(Path("/srv/earwise")) == Path("/srv/earwise/supervisor.sock")


def test_socket_of_a_long_home_has_a_short_path_of_its_own() -> None:
    first, second = (socket_path(Path("/srv") / ("deep" * 30) / name) for name in "ab")
    assert first != second
    assert len(os.fsencode(first)) < 100
