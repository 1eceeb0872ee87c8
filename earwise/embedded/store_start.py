"""Starts the store: opens the embedded one, or sets it aside and restores the newest dump into a new one."""

from __future__ import annotations

import time

from earwise.embedded.backup import back_up, list_backups, restore_newest
from earwise.embedded.mongo import has_store, set_store_aside
from earwise.embedded.ports import is_listening
from earwise.embedded.progress import Progress
from earwise.embedded.supervisor import Supervisor
from earwise.errors import ConfigError, EarwiseError, StoreError
from earwise.settings import Settings
from earwise.store import Store

# A server that ends at once is given up after this; one that runs may be recovering after a crash.
_FAILING_LIMIT_S = 6
_RECOVERY_LIMIT_S = 120


def start_store(settings: Settings, supervisor: Supervisor, store: Store, progress: Progress) -> None:
    """Start the embedded server, or reach the given one, and make the store ready for use.

    Raises
    ------
    ConfigError
        If the given server can't be used.
    StoreError
        If not even a new embedded store can be opened.
    """
    if settings.mongo_uri:
        try:
            store.create_indexes()
        except StoreError as error:
            raise ConfigError(
                "EARWISE_MONGO_URI",
                f"names a MongoDB that can't be used ({str(error)[:200]})",
                "mongodb://127.0.0.1:27017",
            ) from error
        return
    is_new = not has_store(settings.home)
    supervisor.start_part("mongo")
    if not _opens(settings, supervisor, store):
        if is_new:
            raise StoreError("The embedded MongoDB server did not start; ./run logs mongo shows why.")
        _begin_new_store(settings, supervisor, store, progress)
        is_new = True
    if is_new and list_backups(settings.home):
        restored = restore_newest(store, settings.mongo_database, settings.home)
        if restored:
            progress.warn(f"Restored {restored[1]} documents (accounts, ratings, playlists) from {restored[0]}.")
    back_up(store, settings.mongo_database, settings.home)


def _begin_new_store(settings: Settings, supervisor: Supervisor, store: Store, progress: Progress) -> None:
    supervisor.stop_part("mongo")
    while supervisor.part("mongo").pid:
        time.sleep(0.1)
    aside = set_store_aside(settings.home)
    progress.warn(f"The store could not be opened. It was set aside as {aside}, and a new one is begun.")
    supervisor.start_part("mongo")
    if not _opens(settings, supervisor, store):
        raise StoreError("The embedded MongoDB server did not start; ./run logs mongo shows why.")


def _opens(settings: Settings, supervisor: Supervisor, store: Store) -> bool:
    """Whether the server comes up and answers what Earwise asks first."""
    started = time.monotonic()
    while time.monotonic() - started < _RECOVERY_LIMIT_S:
        part = supervisor.part("mongo")
        is_failing = part.state in ("BACKOFF", "FATAL", "EXITED")
        if part.state == "FATAL" or (is_failing and time.monotonic() - started > _FAILING_LIMIT_S):
            return False
        if is_listening("127.0.0.1", settings.mongo_port) and _answers(store):
            return True
        time.sleep(0.1)
    return False


def _answers(store: Store) -> bool:
    try:
        store.ping()
        store.create_indexes(is_server_new=True)
        store.listeners.has_admin()
    except EarwiseError:
        return False
    return True
