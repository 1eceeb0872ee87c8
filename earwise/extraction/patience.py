"""Waits for a store that is away, as one that is restarted is, so that this costs time and not the work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from earwise.errors import StoreAwayError

log = logging.getLogger(__name__)

PATIENCE_S = 120.0
_PAUSE_S = 1.0


def patiently[Answer](action: Callable[[], Answer], *, patience_s: float = PATIENCE_S) -> Answer:
    """Do something that may be repeated, and repeat it while the store does not answer.

    Raises
    ------
    StoreAwayError
        If the store is still away after this time.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return action()
        except StoreAwayError as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("the store is away, waiting for it: %s", str(error)[:200])
            time.sleep(_PAUSE_S)
