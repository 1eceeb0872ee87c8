"""The app on the real store, and browsers without a window."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient
from werkzeug.test import TestResponse

from earwise import passwords
from earwise.passwords import hash_password
from earwise.root import Root
from earwise.settings import Settings
from earwise.store import Store
from earwise.store.listeners import Listeners, Role
from earwise.store.tracks import Tracks
from tests.conftest import free_port
from tests.web.seeding import NOW
from webapp import create_app

PASSWORD = "correct horse battery"
_CHEAP = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 is slow on purpose; what is tested here does not depend on how slow."""
    monkeypatch.setattr(passwords, "_HASHER", _CHEAP)
    monkeypatch.setattr(passwords, "_NOBODY", _CHEAP.hash("nobody"))


class Browser:
    """A Flask client that sends forms as a browser does: with the token of the page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.get = partial(client.get, buffered=True)

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).text)
        assert found, f"no form on {path}"
        return found[1]

    def submit(self, path: str, page: str | None = None, **fields: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(page or path), **fields})

    def log_in(self, name: str, password: str = PASSWORD, path: str = "/log-in") -> TestResponse:
        return self.submit(path, name=name, password=password)


class Program:
    """A client of the API that shows a token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.client = app.test_client()
        self.token = token

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        shown = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=shown, buffered=True, **options)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    # A folder that is empty is one that no disk is mounted on.
    (folder / "sleeve notes.txt").write_text("Recorded in Reykjavík.", "utf-8")
    return folder


@pytest.fixture
def settings(library: Path) -> Settings:
    return Settings(secret_key="k" * 32, library=(Root("music", library),), home=library.parent)


@pytest.fixture
def app(settings: Settings, store: Store) -> Flask:
    return create_app(settings, store)


@pytest.fixture
def nobody(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def enter(app: Flask, store: Store) -> Callable[..., Browser]:
    """Makes an account and logs it in."""

    def make(name: str, role: Role = Role.LISTENER) -> Browser:
        store.listeners.add(name, hash_password(PASSWORD), role, NOW)
        browser = Browser(app.test_client())
        assert browser.log_in(name).status_code == 302
        return browser

    return make


@pytest.fixture
def listener(enter: Callable[..., Browser]) -> Browser:
    return enter("mira")


@pytest.fixture
def admin(enter: Callable[..., Browser]) -> Browser:
    return enter("root", Role.ADMIN)


@pytest.fixture
def program(app: Flask, store: Store, listener: Browser) -> Program:
    """A program of the listener's."""
    owner = store.listeners.get_by_name("mira")
    assert owner
    return Program(app, store.tokens.create(owner.listener_id, "program", NOW))


@pytest.fixture
def dead_store(store: Store) -> Iterator[Store]:
    """A store whose server does not answer."""
    with MongoClient[dict[str, object]]("127.0.0.1", free_port(), serverSelectionTimeoutMS=100) as client:
        yield dataclasses.replace(store, client=client, listeners=Listeners(client["x"]), tracks=Tracks(client["x"]))


@contextmanager
def broken(app: Flask, name: str, value: object) -> Iterator[None]:
    """Swap what the app was given for a while."""
    kept, app.extensions[name] = app.extensions[name], value
    yield
    app.extensions[name] = kept
