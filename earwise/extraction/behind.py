"""Stores one group of outcomes while workers are at the next, so that they need not wait for the store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType


class Behind:
    """Does one thing after the other in a thread of its own; a context manager that waits for the last of them.

    An error comes up with the next thing to do, or at the end.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._last: Future[None] | None = None

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if error is None and self._last is not None:
            self._last.result()

    def do(self, action: Callable[[], None]) -> None:
        """Begin with one more thing once the one before is done."""
        if self._last is not None:
            self._last.result()
        self._last = self._thread.submit(action)
