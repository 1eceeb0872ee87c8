"""The first account: somebody has to be able to administer."""

from __future__ import annotations

from datetime import UTC, datetime

from earwise.errors import DuplicateError
from earwise.passwords import hash_password
from earwise.store import Store
from earwise.store.listeners import Role

ADMIN_NAME = "admin"


def ensure_admin(store: Store, password: str) -> bool:
    """Create the account ``admin`` with this password if nobody can administer; returns whether it was created."""
    if store.listeners.has_admin():
        return False
    try:
        store.listeners.add(ADMIN_NAME, hash_password(password), Role.ADMIN, datetime.now(UTC))
    except DuplicateError:
        return False  # the name is taken by a listener; whoever runs the store decides what becomes of it
    return True
