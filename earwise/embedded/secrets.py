"""Secrets of the embedded stack: generated once into ``EARWISE_HOME``, readable by its owner alone."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from earwise.errors import ConfigError

_FILE_NAME = "secrets.json"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be known to others.

    Attributes
    ----------
    web_secret_key : str
        Signs the web app's sessions.
    admin_password : str
        Of the web app's first account, ``admin``.
    airflow_password : str
        Of Airflow's user, ``admin``.
    airflow_jwt_secret, airflow_secret_key, airflow_fernet_key : str
        Sign Airflow's tokens and sessions, and encrypt its connections.
    """

    web_secret_key: str
    admin_password: str
    airflow_password: str
    airflow_jwt_secret: str
    airflow_secret_key: str
    airflow_fernet_key: str


def load_secrets(home: Path) -> Secrets:
    """Read the secrets of a home; what is not there yet is generated and kept.

    Raises
    ------
    ConfigError
        If the file is there and can't be read as secrets.
    """
    path = home / _FILE_NAME
    known = _read(path)
    names = [field.name for field in dataclasses.fields(Secrets)]
    found = {name: known.get(name) or _generate(name) for name in names}
    if found != known:
        write_private(path, json.dumps(found, indent=2) + "\n")
    return Secrets(**found)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        document = None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise ConfigError(
            "EARWISE_HOME", f"holds a damaged {path.name}: move {path} away to have new secrets made", "/srv/earwise"
        )
    return document


def _generate(name: str) -> str:
    if name == "airflow_fernet_key":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(12 if name.endswith("_password") else 48)
