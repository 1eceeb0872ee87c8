"""How far a download is, for people: in the log, and in the store for the web app."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from earwise.errors import StoreError
from earwise.log import fields
from earwise.store import Store
from earwise.store.downloads import Download, DownloadState

log = logging.getLogger(__name__)

_WRITE_EVERY_S, _LOG_EVERY_S = 3.0, 15.0
_MB = 1_000_000


class DownloadProgress:
    """Notes how far one download is, every few seconds."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self._done = self._total = self._first = 0
        self._started = self._written = self._logged = time.monotonic()
        self._state = DownloadState.DOWNLOADING

    def tell(self, done_bytes: int, total_bytes: int, is_check: bool) -> None:
        """Take note of how many bytes are here, or were checked."""
        state = DownloadState.CHECKING if is_check else DownloadState.DOWNLOADING
        if state != self._state or done_bytes < self._done or not self._total:
            self._state = state
            self._start(done_bytes)
        self._done, self._total = done_bytes, total_bytes
        now = time.monotonic()
        if now - self._written >= _WRITE_EVERY_S:
            self._written = now
            self._write()
        if now - self._logged >= _LOG_EVERY_S:
            self._logged = now
            self._log()

    def finish(self, size_bytes: int) -> None:
        """Note that the file is here and good."""
        self._done = self._total = size_bytes
        self._state = DownloadState.READY
        self._write()
        log.info("ready: %s, %.1f MB", self._name, size_bytes / _MB, extra=fields(name=self._name))

    def fail(self, message: str) -> None:
        """Note why it is not."""
        self._state = DownloadState.FAILED
        self._write(message)

    @property
    def _rate(self) -> float:
        seconds = time.monotonic() - self._started
        return (self._done - self._first) / seconds if seconds else 0.0

    def _start(self, done_bytes: int) -> None:
        # Written at once the first time, so that people see that it began.
        self._started = self._logged = time.monotonic()
        self._written = self._started - _WRITE_EVERY_S
        self._first = done_bytes

    def _log(self) -> None:
        left_s = (self._total - self._done) / self._rate if self._rate else 0.0
        log.info(
            "%s %s: %.0f of %.0f MB, %.1f MB/s, %.0f s left",
            self._state,
            self._name,
            self._done / _MB,
            self._total / _MB,
            self._rate / _MB,
            left_s,
            extra=fields(name=self._name),
        )

    def _write(self, message: str = "") -> None:
        download = Download(
            self._name, self._state, self._done, self._total, round(self._rate), message, datetime.now(UTC)
        )
        try:
            self._store.downloads.put(download)
        except StoreError as error:  # no reason to break off a download that goes well
            log.warning("progress could not be stored: %s", error, extra=fields(name=self._name))
