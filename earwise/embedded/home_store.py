"""The store of a home for a command that needs nothing else of the stack."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager

from earwise.embedded.demo import demo_root
from earwise.embedded.home import hold_home, holder, read_running
from earwise.embedded.mongo import has_store, running_mongo
from earwise.embedded.ports import find_free_port
from earwise.embedded.processes import IDENTITY_VARIABLE, end_processes, identity
from earwise.errors import EarwiseError, ModelNotFoundError
from earwise.settings import Settings
from earwise.store import Store, open_store

_START_S = 120.0


@contextmanager
def open_home_store(settings: Settings) -> Iterator[tuple[Settings, Store]]:
    """Open the store that runs for this home, or the given one, or start the embedded one until the context ends.

    Yields
    ------
    tuple of Settings and Store
        The settings are those that the running stack was started with, or would be.

    Raises
    ------
    ModelNotFoundError
        If nothing was ever stored for this home.
    EarwiseError
        If another start is under way.
    """
    running = read_running(settings.home)
    if not settings.library:
        settings = dataclasses.replace(settings, library=(demo_root(settings),))
    if holder(settings.home) is not None and running is not None:
        settings = Settings.from_env(running.environment)
    elif not settings.mongo_uri:
        if not has_store(settings.home):
            raise ModelNotFoundError(f"There is no store in {settings.home}; ./run analyses the library and trains.")
        with hold_home(settings.home) as is_held:
            if not is_held:
                raise EarwiseError("Another ./run is starting or working for this home; try again in a minute.")
            with _started(settings) as own, open_store(own, patience_s=_START_S) as store:
                store.ping()
                store.create_indexes(is_server_new=True)
                yield settings, store
            return
    with open_store(settings) as store:
        yield settings, store


@contextmanager
def _started(settings: Settings) -> Iterator[Settings]:
    """The embedded server on a port that is free, as nobody else is to find it."""
    end_processes(settings.home)  # of a start that was killed: they would keep the files locked
    own = dataclasses.replace(settings, mongo_port=find_free_port())
    (settings.home / "logs").mkdir(exist_ok=True)
    environment = {**os.environ, IDENTITY_VARIABLE: identity(settings.home)}
    with running_mongo(own, settings.home / "logs" / "mongo-command.log", environment):
        yield own
