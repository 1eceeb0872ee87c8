"""What every view may ask for: the settings and the store of the app that answers."""

from __future__ import annotations

from flask import Flask, current_app

from earwise.settings import Settings
from earwise.store import Store

_SETTINGS, _STORE = "earwise_settings", "earwise_store"


def attach(app: Flask, settings: Settings, store: Store) -> None:
    """Give the app its settings and its store."""
    app.extensions[_SETTINGS] = settings
    app.extensions[_STORE] = store


def settings() -> Settings:
    """Settings of the current app."""
    found: Settings = current_app.extensions[_SETTINGS]
    return found


def store() -> Store:
    """Store of the current app."""
    found: Store = current_app.extensions[_STORE]
    return found
