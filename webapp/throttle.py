"""Slows down guessing: by address, and by the account that is guessed at from wherever.

Attempts are counted in the store before the password is looked at, so that the limit holds over all processes and
however many tries come at once; one that succeeds is taken back.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from flask import request
from werkzeug.exceptions import TooManyRequests

from earwise.log import fields
from earwise.store.search import fold_text
from webapp.context import store

log = logging.getLogger(__name__)

_WINDOW_S = 600
_MOST_FROM_ADDRESS = 30
_MOST_FOR_ACCOUNT = 10
_MOST_SIGN_UPS = 20
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted under these keys."""

    keys: tuple[str, ...]

    def forgive(self) -> None:
        """It succeeded: it was no guess."""
        for key in self.keys:
            store().attempts.forgive(key)


def count_log_in(name: str) -> Attempt:
    """Count a try to log in, or to prove again who one is; refuse it where there were too many."""
    account = fold_text(name.strip())[:_LONGEST_NAME]
    return _count({f"log-in from {_network()}": _MOST_FROM_ADDRESS, f"log-in as {account}": _MOST_FOR_ACCOUNT})


def count_sign_up() -> Attempt:
    """Count a try to sign up; refuse it where there were too many."""
    return _count({f"sign-up from {_network()}": _MOST_SIGN_UPS})


def _count(limits: dict[str, int]) -> Attempt:
    now = datetime.now(UTC)
    for key, most in limits.items():
        count = store().attempts.count(key, window_s=_WINDOW_S, now=now)
        if count.number > most:
            log.warning("too many attempts", extra=fields(key=repr(key)))
            raise TooManyRequests(retry_after=ceil((count.ends_at - now).total_seconds()))
    return Attempt(tuple(limits))


def _network() -> str:
    """The address that asks; of IPv6 the network, because a home has as many addresses as it likes."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "nowhere"
    # A server that listens on both sees IPv4 as addresses of one network.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address)
