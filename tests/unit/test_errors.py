"""The errors keep what they say on their way between processes."""

from __future__ import annotations

import copy
import pickle

import pytest

from earwise import errors
from earwise.errors import (
    ConfigError,
    DecodeError,
    EarwiseError,
    LocalCopyError,
    TooFewTracksError,
    TrackError,
    TrainingDataError,
    UnreadableFileError,
)

TRACK_ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TrackError)]


@pytest.mark.parametrize("kind", TRACK_ERRORS)
def test_track_error_keeps_kind_code_and_message_when_pickled(kind: type[TrackError]) -> None:
    for error in (kind("The file is broken."), kind("The file is broken.", code="truncated")):
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
            assert (type(twin), twin.code, str(twin)) == (kind, error.code, "The file is broken.")


def test_every_kind_of_track_error_has_its_own_code() -> None:
    # What has no local copy is tried again as what can't be read is.
    assert LocalCopyError.code == UnreadableFileError.code
    kinds = [kind for kind in TRACK_ERRORS if kind is not LocalCopyError]
    assert len({kind.code for kind in kinds}) == len(kinds) == 12


def test_code_of_one_error_leaves_its_kind_alone() -> None:
    assert DecodeError("x", code="truncated").code == "truncated"
    assert DecodeError("x").code == DecodeError.code == "not_audio"


def test_config_error_says_variable_problem_and_a_value_that_works() -> None:
    error = ConfigError("EARWISE_HOME", "must be a folder", "/srv/earwise")
    assert str(error) == "EARWISE_HOME must be a folder; for example EARWISE_HOME=/srv/earwise"
    assert error.variable == "EARWISE_HOME"


def test_every_error_can_be_caught_as_earwises() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, EarwiseError) for kind in kinds)
    assert issubclass(TooFewTracksError, TrainingDataError)


def test_drawing_in_the_docstring_names_every_error() -> None:
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert errors.__doc__ is not None
    assert [name for name in kinds if name not in errors.__doc__] == []
