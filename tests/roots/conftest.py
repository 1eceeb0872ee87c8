"""A server that speaks S3's protocol, and roots to read."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from earwise.root import Copies, Root
from earwise.roots import bucket as bucket_root
from tests.extraction.conftest import extraction, library  # noqa: F401 - fixtures here too

MakeArchive = Callable[..., Path]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of the server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_endpoint(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server's address, with credentials for it in the usual variables."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "listener",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    bucket_root._client.cache_clear()
    yield s3_server
    bucket_root._client.cache_clear()


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    """A client of the server."""
    return boto3.client("s3", endpoint_url=s3_endpoint)


@pytest.fixture
def bucket(s3: Any) -> str:
    """Name of a new bucket."""
    name = f"music-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "copies", 1_000_000_000)


@pytest.fixture
def bucket_of_music(bucket: str, s3_endpoint: str, copies: Copies) -> Root:
    """A root below a prefix of the bucket."""
    return Root("cloud", Path("/s3:") / bucket, f"{bucket}/mine", s3_endpoint, copies)


@pytest.fixture
def make_archive(tmp_path: Path) -> MakeArchive:
    """Writes a zip archive of members' names and contents."""

    def make(members: dict[str, bytes], name: str = "music.zip", compression: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return make
