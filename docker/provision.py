"""Prepare the store: its indexes, and the first admin with ADMIN_PASSWORD. Safe to repeat."""

from __future__ import annotations

import logging
import os

from earwise.embedded.first_admin import ensure_admin
from earwise.log import configure_logging, fields
from earwise.settings import Settings
from earwise.store import open_store

settings = Settings.from_env()
configure_logging(settings.log_level)
with open_store(settings) as store:
    store.create_indexes()
    created = ensure_admin(store, os.environ["ADMIN_PASSWORD"])
logging.getLogger("earwise.provision").info("store ready", extra=fields(admin_created=created))
