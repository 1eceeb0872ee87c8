"""Logging: one line an event, constant text plus fields.

``log.info("batch done", extra=fields(batch=3, tracks=64))`` prints
``2026-01-31 12:00:00 INFO earwise.extraction batch done batch=3 tracks=64``.
"""

from __future__ import annotations

import logging

_KEY = "earwise_fields"


def fields(**values: object) -> dict[str, dict[str, object]]:
    """Return the ``extra`` of a log call that carries these fields.

    >>> fields(track_id="ab")
    {'earwise_fields': {'track_id': 'ab'}}
    """
    return {_KEY: values}


class FieldFormatter(logging.Formatter):
    """Appends the fields of a record to its message as ``key=value``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        values: dict[str, object] = getattr(record, _KEY, {})
        return " ".join([super().formatMessage(record), *(f"{key}={value}" for key, value in values.items())])


def configure_logging(level: str = "INFO") -> None:
    """Send Earwise's log lines to stderr; called once, by entry points that own their process."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    for package in ("earwise", "webapp"):
        logger = logging.getLogger(package)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
