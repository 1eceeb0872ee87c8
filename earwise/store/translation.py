"""Turns pymongo's errors into Earwise's, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError

from earwise.errors import DuplicateError, StoreAwayError, StoreError

# InternalError, which is all that the embedded server says of a full disk, and mongod's OutOfDiskSpace.
_OF_THE_SERVER = frozenset((1, 14031))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise `DuplicateError`, `StoreAwayError` or `StoreError` where pymongo raises; usable as a decorator."""
    try:
        yield
    except DuplicateKeyError as error:
        raise DuplicateError("A document with this unique value exists already.") from error
    except BulkWriteError as error:
        first = error.details["writeErrors"][0]["errmsg"] if error.details.get("writeErrors") else str(error)
        raise StoreError(f"MongoDB refused a write: {first}") from error
    except ConnectionFailure as error:
        raise StoreAwayError(f"MongoDB did not answer: {error}") from error
    except OperationFailure as error:
        raise StoreError(f"MongoDB refused what was asked: {_reason(error)}") from error
    except PyMongoError as error:
        raise StoreError(f"MongoDB refused what was asked: {error}") from error


def _reason(error: OperationFailure) -> str:
    said = str((error.details or {}).get("errmsg") or error)
    return f"{said}. Its log says more; is its disk full?" if error.code in _OF_THE_SERVER else said
