"""Fields as strict as the API's document says they are, where marshmallow's own take whatever Python can read."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length, Range, Regexp

_NAME = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"


class WholeText(Regexp):
    """The pattern fits from end to end, as in JSON Schema; Python's ``$`` lets a line break stand behind it."""

    def __call__(self, value: Any) -> Any:
        """The value, if it fits and can be written."""
        if not self.regex.fullmatch(value) or (not value.isascii() and re.search("[\ud800-\udfff]", value)):
            raise ValidationError(self._format_error(value))
        return value


class Digits(fields.Integer):
    """A whole number in an address: digits, and nothing else that Python reads as a number."""

    def _validated(self, value: Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class YesNo(fields.Boolean):
    """``true`` or ``false`` in an address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **kwargs)


class Number(fields.Float):
    """A number in a body; a text that looks like one is none."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Whole(fields.Integer):
    """A whole number in a body, also when written as ``5.0``; a text that looks like one is none."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Truth(fields.Boolean):
    """True or false in a body, and neither their names nor numbers."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def track_id(**kwargs: Any) -> fields.String:
    """The id of a track."""
    return fields.String(validate=WholeText("^[0-9a-f]{32}$"), **kwargs)


def name(longest: int, **kwargs: Any) -> fields.String:
    """A name that people give: something of it can be seen, and it has no control characters."""
    return fields.String(validate=[Length(1, longest), WholeText(_NAME)], **kwargs)


def limit(most: int, usual: int) -> Digits:
    """How many to answer with."""
    return Digits(load_default=usual, validate=Range(1, most))
