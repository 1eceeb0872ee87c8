"""Passwords: argon2id with the library's current parameters, rehashed when those move on."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
# A hash of nothing that anybody can type: checked when there is no such account, so that the answer takes as long.
_NOBODY = _HASHER.hash("\0nobody\0")


def hash_password(password: str) -> str:
    """Hash of a password in the PHC string format."""
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash; takes the same time when there is no hash."""
    try:
        return _HASHER.verify(password_hash or _NOBODY, password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with older parameters."""
    return _HASHER.check_needs_rehash(password_hash)
