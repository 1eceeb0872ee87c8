"""Secrets are made once, kept, and kept private."""

from __future__ import annotations

import base64
import dataclasses
import os
import stat
from pathlib import Path

import pytest

from earwise.embedded.secrets import load_secrets, write_private
from earwise.errors import ConfigError


def test_secrets_are_generated_once_and_read_back(tmp_path: Path) -> None:
    assert load_secrets(tmp_path) == load_secrets(tmp_path)


def test_two_homes_have_no_secret_in_common(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    pairs = zip(dataclasses.astuple(load_secrets(first)), dataclasses.astuple(load_secrets(second)), strict=True)
    assert all(one != other for one, other in pairs)


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    os.umask(0o022)
    load_secrets(tmp_path)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_keys_are_long_enough_for_what_they_sign(tmp_path: Path) -> None:
    secrets = load_secrets(tmp_path)
    assert len(secrets.web_secret_key) >= 32
    assert len(secrets.airflow_jwt_secret) >= 32
    assert len(base64.urlsafe_b64decode(secrets.airflow_fernet_key)) == 32


def test_a_secret_that_is_new_to_the_file_is_added_and_the_others_stay(tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.json", '{"admin_password": "kept"}')
    secrets = load_secrets(tmp_path)
    assert secrets.admin_password == "kept"
    assert load_secrets(tmp_path) == secrets


@pytest.mark.parametrize("text", ["", "{", "[]", '{"admin_password": 3}'])
def test_damaged_secrets_are_named_and_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(ConfigError, match=r"secrets\.json"):
        load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == text
