"""Log lines: constant text plus fields."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from earwise.log import FieldFormatter, configure_logging, fields


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The logger that `configure_logging` changes, put back afterwards."""
    logger = logging.getLogger("earwise")
    before = logger.handlers[:], logger.level, logger.propagate
    yield logger
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def test_line_ends_with_its_fields(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("earwise.extraction").info("batch done", extra=fields(batch=3, tracks=64))
    assert capsys.readouterr().err.endswith(" INFO earwise.extraction batch done batch=3 tracks=64\n")


def test_line_without_fields_ends_with_its_text(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logger.warning("nothing to do")
    assert capsys.readouterr().err.endswith(" WARNING earwise nothing to do\n")


def test_configuring_twice_prints_each_line_once(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    configure_logging()
    logger.info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_level_leaves_out_what_is_below(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING")
    logger.info("quiet")
    assert capsys.readouterr().err == ""


def test_fields_can_have_the_names_of_a_records_own_attributes() -> None:
    record = logging.LogRecord("earwise", logging.INFO, "x.py", 1, "event", (), None)
    record.__dict__.update(fields(name="a", message="b"))
    assert FieldFormatter("%(message)s").format(record) == "event name=a message=b"
