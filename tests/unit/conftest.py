"""Unit tests talk to nobody and pass without a warning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

_FOLDER = Path(__file__).parent


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    """Make opening a socket an error."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make every warning in this folder's tests an error."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.filterwarnings("error"))
